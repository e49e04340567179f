#include "shapes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct task {
	void (*run)(struct task *task);
	struct task *next;
	void *ctx;
	int status;
	union {
		shapes_done_cb done;
		shapes_status_cb status;
		shapes_io_cb io;
		shapes_number_cb number;
		shapes_pair_cb pair;
		shapes_open_cb open;
		shapes_cpl_cb cpl;
		shapes_stat_cb stat;
		shapes_buffer_cb buffer;
	} cb;
	const void *in;
	void *out;
	void *out2;
	uint64_t a;
	uint64_t b;
};

static _Thread_local enum shapes_mode g_mode;
static _Thread_local int g_status;
static _Thread_local struct task *g_first;
static _Thread_local int g_ios;
static _Thread_local int g_objects;
static _Thread_local shapes_event_cb g_event_cb;
static _Thread_local void *g_event_ctx;

void
shapes_set(enum shapes_mode mode, int status)
{
	g_mode = mode;
	g_status = status;
}

static void
finish(struct task *task)
{
	task->run(task);
	free(task);
}

int
shapes_poll(void)
{
	int count = 0;

	while (g_first != NULL) {
		struct task *task = g_first;

		g_first = task->next;
		finish(task);
		count++;
	}
	return count;
}

/* Takes a copy of the task, unless calls are refused. */
static bool
accept(struct task task)
{
	struct task *copy, **last;

	if (g_mode == SHAPES_REFUSED) {
		return false;
	}
	copy = malloc(sizeof(*copy));
	if (copy == NULL) {
		abort();
	}
	*copy = task;
	copy->status = g_status;
	copy->next = NULL;
	if (g_mode == SHAPES_INLINE) {
		finish(copy);
		return true;
	}
	for (last = &g_first; *last != NULL; last = &(*last)->next) {
	}
	*last = copy;
	return true;
}

static int
accept_or_nomem(struct task task)
{
	return accept(task) ? 0 : -ENOMEM;
}

void
shapes_free_io(struct shapes_io *io)
{
	g_ios--;
	free(io);
}

int
shapes_close(struct shapes_object *object)
{
	g_objects--;
	free(object);
	return 0;
}

int
shapes_live_ios(void)
{
	return g_ios;
}

int
shapes_live_objects(void)
{
	return g_objects;
}

static void
run_done(struct task *task)
{
	task->cb.done(task->ctx);
}

int
shapes_done(shapes_done_cb cb, void *ctx)
{
	return accept_or_nomem((struct task) { .run = run_done, .cb.done = cb, .ctx = ctx });
}

int
shapes_count_and_done(shapes_done_cb cb, void *ctx)
{
	accept((struct task) { .run = run_done, .cb.done = cb, .ctx = ctx });
	return 7;
}

static void
run_status(struct task *task)
{
	task->cb.status(task->ctx, task->status);
}

void
shapes_status(shapes_status_cb cb, void *ctx)
{
	accept((struct task) { .run = run_status, .cb.status = cb, .ctx = ctx });
}

static void
run_number(struct task *task)
{
	task->cb.number(task->a, task->ctx);
}

bool
shapes_number(uint64_t number, shapes_number_cb cb, void *ctx)
{
	return accept((struct task) { .run = run_number, .cb.number = cb, .ctx = ctx, .a = number });
}

static void
run_pair(struct task *task)
{
	task->cb.pair(task->ctx, (uint32_t)task->a, task->b, task->status);
}

struct shapes_object *
shapes_pair(uint32_t first, shapes_pair_cb cb, void *ctx, uint64_t second)
{
	static struct shapes_object accepted;
	struct task task = { .run = run_pair, .cb.pair = cb, .ctx = ctx, .a = first, .b = second };

	return accept(task) ? &accepted : NULL;
}

static void
run_cpl(struct task *task)
{
	struct shapes_cpl cpl = { .sc = (uint16_t)task->status, .sct = 3 };

	task->cb.cpl(task->ctx, &cpl);
	memset(&cpl, 0xff, sizeof(cpl));
}

int
shapes_cpl(shapes_cpl_cb cb, void *ctx)
{
	return accept((struct task) { .run = run_cpl, .cb.cpl = cb, .ctx = ctx }) ? 0 : 5;
}

static void
run_io(struct task *task)
{
	struct shapes_io *io = malloc(sizeof(*io));

	if (io == NULL) {
		abort();
	}
	g_ios++;
	io->code = (uint32_t)task->a;
	task->cb.io(io, task->status == 0, task->ctx);
}

int
shapes_io(void *ctx, uint32_t code, shapes_io_cb cb)
{
	return accept_or_nomem((struct task) { .run = run_io, .cb.io = cb, .ctx = ctx, .a = code });
}

static void
run_open(struct task *task)
{
	struct shapes_object *object = NULL;

	/* Id 0 is an object that is not there. */
	if (task->a != 0) {
		object = malloc(sizeof(*object));
		if (object == NULL) {
			abort();
		}
		g_objects++;
		object->id = (uint32_t)task->a;
	}
	task->cb.open(task->ctx, object, task->status);
}

int
shapes_open(uint32_t id, shapes_open_cb cb, void *ctx)
{
	return accept_or_nomem((struct task) { .run = run_open, .cb.open = cb, .ctx = ctx, .a = id });
}

static void
run_stat(struct task *task)
{
	struct shapes_stat stat = { .reads = 11, .writes = 22 };
	/* A failed call has no statistics, and says so with a pointer that leads nowhere. */
	struct shapes_stat *given = task->status == 0 ? &stat : (struct shapes_stat *)8;

	task->cb.stat(NULL, given, task->ctx, task->status);
	memset(&stat, 0xff, sizeof(stat));
}

int
shapes_stat(shapes_stat_cb cb, void *ctx)
{
	return accept_or_nomem((struct task) { .run = run_stat, .cb.stat = cb, .ctx = ctx });
}

static void
run_sum(struct task *task)
{
	const uint8_t *bytes = task->in;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < task->a; i++) {
		sum += bytes[i];
	}
	task->cb.number(sum, task->ctx);
}

int
shapes_sum(const uint8_t *bytes, size_t len, shapes_number_cb cb, void *ctx)
{
	return accept_or_nomem((struct task) {
		.run = run_sum, .cb.number = cb, .ctx = ctx, .in = bytes, .a = len
	});
}

static void
run_buffer(struct task *task)
{
	task->cb.buffer(task->out, task->ctx, task->a);
}

int
shapes_buffer(void *data, size_t len, shapes_buffer_cb cb, void *ctx)
{
	return accept_or_nomem((struct task) {
		.run = run_buffer, .cb.buffer = cb, .ctx = ctx, .out = data, .a = len
	});
}

static void
run_name(struct task *task)
{
	const char *name = task->in;

	if (task->status == 0) {
		*(size_t *)task->out = strlen(name);
		*(char *)task->out2 = name[0];
	}
	task->cb.status(task->ctx, task->status);
}

int
shapes_name(const char *name, size_t *len, char *first, shapes_status_cb cb, void *ctx)
{
	return accept_or_nomem((struct task) {
		.run = run_name, .cb.status = cb, .ctx = ctx, .in = name, .out = len, .out2 = first
	});
}

static void
run_measure(struct task *task)
{
	*(size_t *)task->out = 42;
	task->cb.done(task->ctx);
}

int
shapes_measure(size_t *len, shapes_done_cb cb, void *ctx)
{
	return accept_or_nomem((struct task) {
		.run = run_measure, .cb.done = cb, .ctx = ctx, .out = len
	});
}

int
shapes_plain(shapes_done_cb cb, void *ctx)
{
	return shapes_done(cb, ctx);
}

int
shapes_add(const uint8_t *bytes, size_t len, shapes_number_cb cb, void *ctx)
{
	return shapes_sum(bytes, len, cb, ctx);
}

int
shapes_tick(shapes_done_cb cb, void *ctx)
{
	return shapes_count_and_done(cb, ctx);
}

int
shapes_watch(shapes_event_cb cb, void *ctx)
{
	if (g_mode == SHAPES_REFUSED) {
		return -EBUSY;
	}
	g_event_cb = cb;
	g_event_ctx = ctx;
	return 0;
}

int
shapes_watch_named(uint32_t name, shapes_event_cb cb, void *ctx, uint32_t *id, uint64_t *at)
{
	*id = name + 1;
	*at = name + 2;
	return shapes_watch(cb, ctx);
}

int
shapes_watch_one(shapes_event_cb cb, void *ctx, uint32_t *id)
{
	*id = 1;
	return shapes_watch(cb, ctx);
}

struct shapes_object *
shapes_register(shapes_event_cb cb, void *ctx, uint32_t *id)
{
	static struct shapes_object registration = { .id = 77 };

	*id = 78;
	return shapes_watch(cb, ctx) == 0 ? &registration : NULL;
}

void
shapes_emit(int type)
{
	struct shapes_stat stat = { .reads = 1, .writes = (uint64_t)type };

	g_event_cb(type, type < 0 ? NULL : &stat, g_event_ctx);
	memset(&stat, 0xff, sizeof(stat));
}

int
shapes_attach(shapes_event_cb event_cb, void *event_ctx, shapes_status_cb cb, void *ctx)
{
	if (g_mode == SHAPES_REFUSED) {
		return -EBUSY;
	}
	g_event_cb = event_cb;
	g_event_ctx = event_ctx;
	shapes_status(cb, ctx);
	return 0;
}

int
shapes_each(void *ctx, shapes_each_fn fn, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct shapes_stat stat = { .reads = i, .writes = 2 * i };
		int answer = fn(ctx, i, &stat);

		if (answer != 0) {
			return answer;
		}
	}
	return 0;
}

void
shapes_all(uint32_t count, shapes_all_fn fn, void *ctx)
{
	for (uint32_t i = 0; i < count; i++) {
		fn(i, ctx);
	}
}

struct shapes_walk {
	uint32_t next;
	uint32_t count;
	shapes_visit_fn fn;
	shapes_walked_cb cb;
	void *ctx;
};

void
shapes_continue(struct shapes_walk *walk, int status)
{
	if (status != 0 || walk->next == walk->count) {
		walk->cb(walk->ctx, status);
		free(walk);
		return;
	}
	walk->fn(walk, walk->next++, walk->ctx);
}

void
shapes_walk(uint32_t count, shapes_visit_fn fn, void *ctx, shapes_walked_cb cb)
{
	struct shapes_walk *walk = malloc(sizeof(*walk));

	if (walk == NULL) {
		abort();
	}
	*walk = (struct shapes_walk) { .count = count, .fn = fn, .cb = cb, .ctx = ctx };
	shapes_continue(walk, 0);
}

/* Callbacks that come once, and the functions of shapes.h that take them. */
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Takes a thing back from whoever had it, and tells the world that had lent it. */
static bool
take_back(enum ledger_kind kind, void *thing, size_t size)
{
	struct world *lender = ledger_take(kind, thing), *before;

	if (lender == NULL) {
		return false;
	}
	world_scribble(thing, size);
	free(thing);
	before = hostile_enter(lender);
	world_note(kind == LEDGER_IO ? HOSTILE_IO_FREED : HOSTILE_OBJECT_CLOSED);
	world_released();
	hostile_enter(before);
	return true;
}

void
shapes_free_io(struct shapes_io *io)
{
	take_back(LEDGER_IO, io, sizeof(*io));
}

int
shapes_close(struct shapes_object *object)
{
	return take_back(LEDGER_OBJECT, object, sizeof(*object)) ? 0 : -EINVAL;
}

int
shapes_live_ios(void)
{
	return ledger_live(LEDGER_IO, world_current());
}

int
shapes_live_objects(void)
{
	return ledger_live(LEDGER_OBJECT, world_current());
}

void
once_run_done(struct task *task)
{
	task->cb.done(task->ctx);
}

void
once_run_status(struct task *task)
{
	task->cb.status(task->ctx, task->status);
}

void
once_run_io(struct task *task)
{
	if (!task->repeated) {
		struct shapes_io *io = world_alloc(sizeof(*io));

		ledger_add(LEDGER_IO, io, task->world);
		io->code = (uint32_t)task->a;
		task->lent = io;
	}
	task->cb.io(task->lent, task->status == 0, task->ctx);
}

void
once_run_number(struct task *task)
{
	task->cb.number(task->a, task->ctx);
}

void
once_run_pair(struct task *task)
{
	task->cb.pair(task->ctx, (uint32_t)task->a, task->b, task->status);
}

void
once_run_open(struct task *task)
{
	/* Id 0 is an object that is not there. */
	if (!task->repeated && task->a != 0) {
		struct shapes_object *object = world_alloc(sizeof(*object));

		ledger_add(LEDGER_OBJECT, object, task->world);
		object->id = (uint32_t)task->a;
		task->lent = object;
	}
	task->cb.open(task->ctx, task->lent, task->status);
}

/* Memory that is valid inside of the callback; NULL when that is over. */
static void *
lend(struct task *task, size_t size)
{
	if (task->repeated) {
		return NULL;
	}
	task->lent = world_alloc(size);
	return task->lent;
}

static void
end_lent(size_t size, void *lent)
{
	if (lent != NULL) {
		world_scribble(lent, size);
		free(lent);
	}
}

void
once_run_cpl(struct task *task)
{
	struct shapes_cpl *cpl = lend(task, sizeof(*cpl));

	if (cpl != NULL) {
		*cpl = (struct shapes_cpl) { .sc = (uint16_t)task->status, .sct = 3 };
	}
	task->cb.cpl(task->ctx, task->lent);
	end_lent(sizeof(*cpl), cpl);
}

void
once_run_stat(struct task *task)
{
	struct shapes_stat *stat = lend(task, sizeof(*stat));

	if (stat != NULL) {
		*stat = (struct shapes_stat) { .reads = 11, .writes = 22 };
	}
	/* A failed call has no statistics, and says so with a pointer that leads nowhere. */
	task->cb.stat(NULL, task->status == 0 ? task->lent : (void *)8, task->ctx, task->status);
	end_lent(sizeof(*stat), stat);
}

void
once_run_buffer(struct task *task)
{
	task->cb.buffer(task->out, task->ctx, task->a);
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

void
once_run_name(struct task *task)
{
	const char *name = task->in;

	if (task->status == 0 && !task->repeated) {
		*(size_t *)task->out = strlen(name);
		*(char *)task->out2 = name[0];
	}
	task->cb.status(task->ctx, task->status);
}

void
once_run_measure(struct task *task)
{
	if (!task->repeated) {
		*(size_t *)task->out = 42;
	}
	task->cb.done(task->ctx);
}

int
shapes_done(shapes_done_cb cb, void *ctx)
{
	return -world_accept((struct task) { .run = once_run_done, .cb.done = cb, .ctx = ctx });
}

int
shapes_count_and_done(shapes_done_cb cb, void *ctx)
{
	world_accept((struct task) { .run = once_run_done, .cb.done = cb, .ctx = ctx });
	return 7;
}

void
shapes_status(shapes_status_cb cb, void *ctx)
{
	world_accept((struct task) { .run = once_run_status, .cb.status = cb, .ctx = ctx });
}

bool
shapes_number(uint64_t number, shapes_number_cb cb, void *ctx)
{
	return world_accept((struct task) {
		.run = once_run_number, .cb.number = cb, .ctx = ctx, .a = number
	}) == 0;
}

struct shapes_object *
shapes_pair(uint32_t first, shapes_pair_cb cb, void *ctx, uint64_t second)
{
	static struct shapes_object accepted;
	struct task task = { .run = once_run_pair, .cb.pair = cb, .ctx = ctx, .a = first, .b = second };

	return world_accept(task) == 0 ? &accepted : NULL;
}

int
shapes_cpl(shapes_cpl_cb cb, void *ctx)
{
	return world_accept((struct task) { .run = once_run_cpl, .cb.cpl = cb, .ctx = ctx }) == 0 ? 0 : 5;
}

int
shapes_io(void *ctx, uint32_t code, shapes_io_cb cb)
{
	return -world_accept((struct task) { .run = once_run_io, .cb.io = cb, .ctx = ctx, .a = code });
}

int
shapes_open(uint32_t id, shapes_open_cb cb, void *ctx)
{
	return -world_accept((struct task) { .run = once_run_open, .cb.open = cb, .ctx = ctx, .a = id });
}

int
shapes_stat(shapes_stat_cb cb, void *ctx)
{
	return -world_accept((struct task) { .run = once_run_stat, .cb.stat = cb, .ctx = ctx });
}

int
shapes_sum(const uint8_t *bytes, size_t len, shapes_number_cb cb, void *ctx)
{
	return -world_accept((struct task) {
		.run = run_sum, .cb.number = cb, .ctx = ctx, .in = bytes, .a = len
	});
}

int
shapes_buffer(void *data, size_t len, shapes_buffer_cb cb, void *ctx)
{
	return -world_accept((struct task) {
		.run = once_run_buffer, .cb.buffer = cb, .ctx = ctx, .out = data, .a = len
	});
}

int
shapes_name(const char *name, size_t *len, char *first, shapes_status_cb cb, void *ctx)
{
	return -world_accept((struct task) {
		.run = once_run_name, .cb.status = cb, .ctx = ctx, .in = name, .out = len, .out2 = first
	});
}

int
shapes_measure(size_t *len, shapes_done_cb cb, void *ctx)
{
	return -world_accept((struct task) {
		.run = once_run_measure, .cb.done = cb, .ctx = ctx, .out = len
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

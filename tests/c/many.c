/* Callbacks that come many times. */
#include "world.h"

#include <errno.h>
#include <stdlib.h>

static _Thread_local struct hostile_bell t_bell;

static int
watch(struct hostile_bell *bell, shapes_event_cb cb, void *ctx)
{
	struct hostile_script script;
	int refusal = world_begin(&script);

	/* Also when it refuses, so that the script can break that promise. */
	*bell = (struct hostile_bell) { .cb = cb, .ctx = ctx };
	if (script.when == HOSTILE_INLINE || script.when == HOSTILE_INLINE_REFUSED) {
		hostile_ring(bell, 0);
	}
	if (refusal == 0 && script.when == HOSTILE_INLINE_REFUSED) {
		refusal = script.refusal;
	}
	return refusal == 0 ? 0 : -EBUSY;
}

static void
report(struct hostile_bell *bell, int type)
{
	struct shapes_stat *stat = NULL;

	if (type >= 0) {
		stat = world_alloc(sizeof(*stat));
		*stat = (struct shapes_stat) { .reads = 1, .writes = (uint64_t)type };
	}
	bell->cb(type, stat, bell->ctx);
	if (stat != NULL) {
		world_scribble(stat, sizeof(*stat));
		free(stat);
	}
}

void
hostile_ring(struct hostile_bell *bell, int type)
{
	world_note(HOSTILE_CALLBACK);
	report(bell, type);
	world_note(HOSTILE_RETURNED);
}

struct ring {
	struct hostile_bell *bell;
	int type;
};

static int
ring(void *arg)
{
	struct ring *ring = arg;

	hostile_ring(ring->bell, ring->type);
	return 0;
}

int
hostile_ring_elsewhere(struct hostile_bell *bell, int type)
{
	struct ring errand = { .bell = bell, .type = type };

	return world_elsewhere(ring, &errand);
}

int
hostile_listen(struct hostile_bell *bell, shapes_event_cb cb, void *ctx)
{
	return watch(bell, cb, ctx);
}

int
shapes_watch(shapes_event_cb cb, void *ctx)
{
	return watch(&t_bell, cb, ctx);
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
	hostile_ring(&t_bell, type);
}

int
shapes_attach(shapes_event_cb event_cb, void *event_ctx, shapes_status_cb cb, void *ctx)
{
	struct task task = { .run = once_run_status, .cb.status = cb, .ctx = ctx };

	t_bell = (struct hostile_bell) { .cb = event_cb, .ctx = event_ctx };
	return world_accept(task) == 0 ? 0 : -EBUSY;
}

void
many_run_attached(struct task *task)
{
	struct hostile_bell bell = { .cb = task->cb2.event, .ctx = task->event_ctx };

	if (!task->repeated) {
		report(&bell, 1);
	}
	once_run_status(task);
}

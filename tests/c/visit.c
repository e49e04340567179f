/* Callbacks that visit. */
#include "world.h"

#include <stdlib.h>

int
shapes_each(void *ctx, shapes_each_fn fn, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct shapes_stat *stat = world_alloc(sizeof(*stat));
		int answer;

		*stat = (struct shapes_stat) { .reads = i, .writes = 2 * i };
		answer = fn(ctx, i, stat);
		world_scribble(stat, sizeof(*stat));
		free(stat);
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
	/* Reported if no visit says otherwise. */
	int status;
};

void
shapes_continue(struct shapes_walk *walk, int status)
{
	if (status != 0 || walk->next == walk->count) {
		status = status != 0 ? status : walk->status;
		walk->cb(walk->ctx, status);
		free(walk);
		return;
	}
	walk->fn(walk, walk->next++, walk->ctx);
}

static void
start(struct shapes_walk walk)
{
	struct shapes_walk *copy = world_alloc(sizeof(*copy));

	*copy = walk;
	shapes_continue(copy, 0);
}

void
shapes_walk(uint32_t count, shapes_visit_fn fn, void *ctx, shapes_walked_cb cb)
{
	start((struct shapes_walk) { .count = count, .fn = fn, .cb = cb, .ctx = ctx });
}

void
visit_run_walk(struct task *task)
{
	struct shapes_walk walk = {
		.count = 2, .fn = task->cb2.visit, .cb = task->cb.walked,
		.ctx = task->ctx, .status = task->status
	};

	if (task->repeated) {
		task->cb.walked(task->ctx, task->status);
		return;
	}
	start(walk);
}

/* The functions of hostile.h that take a callback which comes once. */
#include "world.h"

#include <string.h>

int
hostile_done(uint8_t *mem, size_t len, shapes_done_cb cb, void *ctx)
{
	return -world_accept_mem((struct task) {
		.run = once_run_done, .cb.done = cb, .ctx = ctx, .mem = mem, .len = len
	});
}

int
hostile_tick(uint8_t *mem, size_t len, shapes_done_cb cb, void *ctx)
{
	hostile_done(mem, len, cb, ctx);
	return 7;
}

void
hostile_status(uint8_t *mem, size_t len, shapes_status_cb cb, void *ctx)
{
	(void)world_accept_mem((struct task) {
		.run = once_run_status, .cb.status = cb, .ctx = ctx, .mem = mem, .len = len
	});
}

int
hostile_io(void *ctx, uint8_t *mem, size_t len, shapes_io_cb cb)
{
	return -world_accept_mem((struct task) {
		.run = once_run_io, .cb.io = cb, .ctx = ctx, .mem = mem, .len = len, .a = 9
	});
}

int
hostile_cpl(uint8_t *mem, size_t len, shapes_cpl_cb cb, void *ctx)
{
	/* No errno, but a number of its own. */
	return world_accept_mem((struct task) {
		.run = once_run_cpl, .cb.cpl = cb, .ctx = ctx, .mem = mem, .len = len
	}) == 0 ? 0 : 5;
}

bool
hostile_number(uint8_t *mem, size_t len, shapes_number_cb cb, void *ctx)
{
	return world_accept_mem((struct task) {
		.run = once_run_number, .cb.number = cb, .ctx = ctx, .mem = mem, .len = len, .a = 5
	}) == 0;
}

struct shapes_object *
hostile_pair(uint8_t *mem, shapes_pair_cb cb, void *ctx, size_t len)
{
	static struct shapes_object accepted;
	struct task task = {
		.run = once_run_pair, .cb.pair = cb, .ctx = ctx, .mem = mem, .len = len, .a = 1, .b = 2
	};

	return world_accept_mem(task) == 0 ? &accepted : NULL;
}

int
hostile_open(uint8_t *mem, size_t len, shapes_open_cb cb, void *ctx)
{
	return -world_accept_mem((struct task) {
		.run = once_run_open, .cb.open = cb, .ctx = ctx, .mem = mem, .len = len, .a = 3
	});
}

int
hostile_stat(uint8_t *mem, size_t len, shapes_stat_cb cb, void *ctx)
{
	return -world_accept_mem((struct task) {
		.run = once_run_stat, .cb.stat = cb, .ctx = ctx, .mem = mem, .len = len
	});
}

int
hostile_buffer(uint8_t *mem, size_t len, shapes_buffer_cb cb, void *ctx)
{
	return -world_accept_mem((struct task) {
		.run = once_run_buffer, .cb.buffer = cb, .ctx = ctx, .mem = mem, .len = len, .out = mem, .a = len
	});
}

int
hostile_name(uint8_t *mem, size_t len, const char *name, size_t *name_len, char *first,
	     shapes_status_cb cb, void *ctx)
{
	return -world_accept_mem((struct task) {
		.run = once_run_name, .cb.status = cb, .ctx = ctx, .mem = mem, .len = len,
		.in = name, .out = name_len, .out2 = first
	});
}

static void
run_vectored(struct task *task)
{
	const struct hostile_vec *vecs = task->in;

	for (uint64_t i = 0; !task->repeated && i < task->a; i++) {
		memset(vecs[i].mem, HOSTILE_STAMP, vecs[i].len);
	}
	once_run_status(task);
}

int
hostile_vectored(struct hostile_vec *vecs, int count, shapes_status_cb cb, void *ctx)
{
	for (int i = 0; i < count; i++) {
		memset(vecs[i].mem, HOSTILE_TOUCHED, vecs[i].len);
	}
	return -world_accept((struct task) {
		.run = run_vectored, .cb.status = cb, .ctx = ctx, .in = vecs, .a = (uint64_t)count
	});
}

int
hostile_measure(size_t *len, shapes_done_cb cb, void *ctx)
{
	return -world_accept((struct task) {
		.run = once_run_measure, .cb.done = cb, .ctx = ctx, .out = len
	});
}

int
hostile_plain(shapes_status_cb cb, void *ctx)
{
	return -world_accept((struct task) { .run = once_run_status, .cb.status = cb, .ctx = ctx });
}

int
hostile_attach(uint8_t *mem, size_t len, shapes_event_cb event_cb, void *event_ctx,
	       shapes_status_cb cb, void *ctx)
{
	return -world_accept_mem((struct task) {
		.run = many_run_attached, .cb.status = cb, .ctx = ctx, .mem = mem, .len = len,
		.cb2.event = event_cb, .event_ctx = event_ctx
	});
}

void
hostile_walk(uint8_t *mem, size_t len, shapes_visit_fn fn, void *ctx, shapes_walked_cb cb)
{
	world_accept_mem((struct task) {
		.run = visit_run_walk, .cb.walked = cb, .ctx = ctx, .mem = mem, .len = len, .cb2.visit = fn
	});
}

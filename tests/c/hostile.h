/* A C library that breaks every habit a caller might rely on.
 *
 * What happens to a call is scripted: when its callback comes, on which thread, how often, after how
 * many refusals. Calls, callbacks and everything that is handed out are counted in a world. Each
 * thread has a world of its own; hostile_enter() puts it into another. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "shapes.h"

enum hostile_when {
	HOSTILE_LATER,            /* by shapes_poll() or hostile_poll_elsewhere() */
	HOSTILE_INLINE,           /* before the call returns */
	HOSTILE_THREAD,           /* on a thread that races with the return of the call */
	HOSTILE_INLINE_ELSEWHERE, /* on another thread, and yet before the call returns */
	HOSTILE_NEVER,            /* not before hostile_let_go() */
	HOSTILE_INLINE_REFUSED,   /* before the call returns, which then refuses all the same */
	HOSTILE_LATER_REFUSED,    /* the call refuses, and the callback comes all the same */
};

/* When a callback that comes more than once comes again. */
enum hostile_again {
	HOSTILE_AT_ONCE,    /* as soon as it has returned */
	HOSTILE_NEXT_ROUND, /* by the next shapes_poll() */
	HOSTILE_IN_RELEASE, /* from inside of the release of what it was lent */
};

struct hostile_script {
	uint32_t when;
	uint32_t refusals;  /* so many calls are refused before one is accepted */
	int refusal;        /* the errno of these */
	uint32_t callbacks; /* how often the callback comes */
	uint32_t again;
	int status;         /* what the callback reports */
};

/* What a world tells its listener, on the thread where it happens. */
enum hostile_event {
	HOSTILE_CALLED,
	HOSTILE_CALLBACK,
	HOSTILE_RETURNED,
	HOSTILE_IO_FREED,
	HOSTILE_OBJECT_CLOSED,
};

struct world;

struct world *hostile_new(void (*listen)(void *listener, uint32_t event), void *listener);
/* Puts the calling thread into a world, and says which it was in; NULL is the thread's own. */
struct world *hostile_enter(struct world *world);
/* Joins the world's threads and forgets the callbacks that it still owes. */
void hostile_end(struct world *world);

/* For the calls of this world until one is accepted; then what shapes_set() said holds again. */
void hostile_script(const struct hostile_script *script);
/* Runs at most so many of the deferred callbacks; returns how many ran. */
int hostile_poll(uint32_t at_most);
/* shapes_poll() on another OS thread, which has ended by the return. */
int hostile_poll_elsewhere(void);
/* Waits for the threads that calls have started. */
void hostile_join(void);
/* Defers what was never to be called back. */
void hostile_let_go(void);
/* From now on, each release runs the deferred callbacks before it returns. */
void hostile_nest(bool nest);
/* How often something was given back that was not lent, or not any more. */
int hostile_wrong_returns(void);

/* What a caller's memory holds: at the call, and from the last moment before the callback. */
#define HOSTILE_TOUCHED 0x11
#define HOSTILE_STAMP 0x5c
/* What is left of memory that is valid inside of a callback only. */
#define HOSTILE_SCRIBBLE 0xa5

/* One function for each callback, return convention, and place of the context. Each writes to
 * `len` bytes at `mem` when it is called and right before it calls back for the first time. What a
 * callback is lent is the same each time that it comes, so at the second time it is gone. */
int hostile_done(uint8_t *mem, size_t len, shapes_done_cb cb, void *ctx);
int hostile_tick(uint8_t *mem, size_t len, shapes_done_cb cb, void *ctx);
void hostile_status(uint8_t *mem, size_t len, shapes_status_cb cb, void *ctx);
int hostile_io(void *ctx, uint8_t *mem, size_t len, shapes_io_cb cb);
int hostile_cpl(uint8_t *mem, size_t len, shapes_cpl_cb cb, void *ctx);
bool hostile_number(uint8_t *mem, size_t len, shapes_number_cb cb, void *ctx);
struct shapes_object *hostile_pair(uint8_t *mem, shapes_pair_cb cb, void *ctx, size_t len);
int hostile_open(uint8_t *mem, size_t len, shapes_open_cb cb, void *ctx);
int hostile_stat(uint8_t *mem, size_t len, shapes_stat_cb cb, void *ctx);
int hostile_buffer(uint8_t *mem, size_t len, shapes_buffer_cb cb, void *ctx);
/* Looks at the name, and writes its length and first character, right before the callback. */
int hostile_name(uint8_t *mem, size_t len, const char *name, size_t *name_len, char *first,
		 shapes_status_cb cb, void *ctx);
/* As the others, through an array that has to stay until the callback. */
struct hostile_vec { uint8_t *mem; size_t len; };
int hostile_vectored(struct hostile_vec *vecs, int count, shapes_status_cb cb, void *ctx);
/* Nothing is kept but the place. */
int hostile_measure(size_t *len, shapes_done_cb cb, void *ctx);
/* Nothing is kept. */
int hostile_plain(shapes_status_cb cb, void *ctx);
/* One event comes right before the callback. */
int hostile_attach(uint8_t *mem, size_t len, shapes_event_cb event_cb, void *event_ctx,
		   shapes_status_cb cb, void *ctx);
/* Visits two places, and completes; a callback that comes again visits no more. */
void hostile_walk(uint8_t *mem, size_t len, shapes_visit_fn fn, void *ctx, shapes_walked_cb cb);

/* Registrations whose events the tests set off, on any thread, also after a refusal. */
struct hostile_bell { shapes_event_cb cb; void *ctx; };
int hostile_listen(struct hostile_bell *bell, shapes_event_cb cb, void *ctx);
/* The statistics die after the callback. */
void hostile_ring(struct hostile_bell *bell, int type);
int hostile_ring_elsewhere(struct hostile_bell *bell, int type);

#endif

/* Worlds: what calls wait for their callbacks, what the script says, and the threads. */
#include "world.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MAX_THREADS 64

struct world {
	pthread_mutex_t lock;
	struct task *first;
	/* Never called back, unless they are let go. */
	struct task *held;
	struct hostile_script standing;
	struct hostile_script script;
	bool scripted;
	bool nest;
	/* The call whose callback runs and comes again from inside of a release. */
	struct task *releasing;
	pthread_t threads[MAX_THREADS];
	int n_threads;
	atomic_int wrong_returns;
	void (*listen)(void *listener, uint32_t event);
	void *listener;
};

static _Thread_local struct world t_own = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.standing = { .callbacks = 1, .refusal = ENOMEM },
};
static _Thread_local struct world *t_entered;

void *
world_alloc(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL) {
		abort();
	}
	return memory;
}

void
world_scribble(void *memory, size_t size)
{
	/* Through a volatile pointer: the compiler knows that nobody may look at freed memory. */
	for (volatile uint8_t *byte = memory; size > 0; size--) {
		*byte++ = HOSTILE_SCRIBBLE;
	}
}

struct world *
world_current(void)
{
	return t_entered != NULL ? t_entered : &t_own;
}

struct world *
hostile_enter(struct world *world)
{
	struct world *before = t_entered;

	t_entered = world;
	return before;
}

struct world *
hostile_new(void (*listen)(void *listener, uint32_t event), void *listener)
{
	struct world *world = world_alloc(sizeof(*world));

	pthread_mutex_init(&world->lock, NULL);
	world->standing = (struct hostile_script) { .callbacks = 1, .refusal = ENOMEM };
	world->listen = listen;
	world->listener = listener;
	return world;
}

static void
forget(struct task *task)
{
	while (task != NULL) {
		struct task *next = task->next;

		free(task);
		task = next;
	}
}

void
hostile_end(struct world *world)
{
	struct world *before = hostile_enter(world);

	hostile_join();
	hostile_enter(before);
	forget(world->first);
	forget(world->held);
	pthread_mutex_destroy(&world->lock);
	free(world);
}

void
shapes_set(enum shapes_mode mode, int status)
{
	world_current()->standing = (struct hostile_script) {
		.when = mode == SHAPES_INLINE ? HOSTILE_INLINE : HOSTILE_LATER,
		.refusals = mode == SHAPES_REFUSED ? UINT32_MAX : 0,
		.refusal = ENOMEM,
		.callbacks = 1,
		.status = status,
	};
}

void
hostile_script(const struct hostile_script *script)
{
	world_current()->script = *script;
	world_current()->scripted = true;
}

void
hostile_nest(bool nest)
{
	world_current()->nest = nest;
}

int
hostile_wrong_returns(void)
{
	return atomic_load(&world_current()->wrong_returns);
}

void
world_wrong_return(void)
{
	atomic_fetch_add(&world_current()->wrong_returns, 1);
}

void
world_note(enum hostile_event event)
{
	struct world *world = world_current();

	if (world->listen != NULL) {
		world->listen(world->listener, event);
	}
}

static void
append(struct world *world, struct task **list, struct task *task)
{
	pthread_mutex_lock(&world->lock);
	while (*list != NULL) {
		list = &(*list)->next;
	}
	task->next = NULL;
	*list = task;
	pthread_mutex_unlock(&world->lock);
}

static void
call_back(struct task *task)
{
	struct world *world = task->world;
	struct task *outer = world->releasing;
	bool again = task->again == HOSTILE_IN_RELEASE && task->left > 1;

	if (!task->repeated && task->mem != NULL) {
		memset(task->mem, HOSTILE_STAMP, task->len);
	}
	if (again) {
		world->releasing = task;
	}
	task->left--;
	world_note(HOSTILE_CALLBACK);
	task->run(task);
	world_note(HOSTILE_RETURNED);
	world->releasing = outer;
}

static void
finish(struct task *task)
{
	struct world *before = hostile_enter(task->world);

	do {
		call_back(task);
		task->repeated = true;
	} while (task->left > 0 && task->again == HOSTILE_AT_ONCE);
	if (task->left > 0 && task->again == HOSTILE_NEXT_ROUND) {
		append(task->world, &task->world->first, task);
	} else {
		free(task);
	}
	hostile_enter(before);
}

void
world_released(void)
{
	struct world *world = world_current();
	struct task *task = world->releasing;

	if (task != NULL) {
		world->releasing = NULL;
		task->repeated = true;
		call_back(task);
	}
	if (world->nest) {
		shapes_poll();
	}
}

static struct task *
next_task(struct world *world)
{
	struct task *task;

	pthread_mutex_lock(&world->lock);
	task = world->first;
	if (task != NULL) {
		world->first = task->next;
	}
	pthread_mutex_unlock(&world->lock);
	return task;
}

int
hostile_poll(uint32_t at_most)
{
	struct world *world = world_current();
	uint32_t due = 0, count;

	/* What comes in meanwhile waits for the next round. */
	pthread_mutex_lock(&world->lock);
	for (struct task *task = world->first; task != NULL; task = task->next) {
		due++;
	}
	pthread_mutex_unlock(&world->lock);
	for (count = 0; count < due && count < at_most; count++) {
		struct task *task = next_task(world);

		if (task == NULL) {
			break;
		}
		finish(task);
	}
	return (int)count;
}

int
shapes_poll(void)
{
	return hostile_poll(UINT32_MAX);
}

void
hostile_let_go(void)
{
	struct world *world = world_current();
	struct task *task;

	while ((task = world->held) != NULL) {
		world->held = task->next;
		append(world, &world->first, task);
	}
}

static void *
finish_on_thread(void *task)
{
	finish(task);
	return NULL;
}

static void
start_thread(struct world *world, struct task *task)
{
	if (world->n_threads == MAX_THREADS ||
	    pthread_create(&world->threads[world->n_threads], NULL, finish_on_thread, task) != 0) {
		abort();
	}
	world->n_threads++;
}

void
hostile_join(void)
{
	struct world *world = world_current();

	while (world->n_threads > 0) {
		pthread_join(world->threads[--world->n_threads], NULL);
	}
}

static int
poll_all(void *arg)
{
	(void)arg;
	return shapes_poll();
}

int
hostile_poll_elsewhere(void)
{
	return world_elsewhere(poll_all, NULL);
}

static int
finish_errand(void *task)
{
	finish(task);
	return 0;
}

/* Takes a call that the script does not refuse; the answer is for calls that refuse all the same. */
static int
take(struct world *world, struct task *task, const struct hostile_script *script)
{
	switch ((enum hostile_when)script->when) {
	case HOSTILE_LATER:
		append(world, &world->first, task);
		return 0;
	case HOSTILE_INLINE:
		finish(task);
		return 0;
	case HOSTILE_THREAD:
		start_thread(world, task);
		return 0;
	case HOSTILE_INLINE_ELSEWHERE:
		world_elsewhere(finish_errand, task);
		return 0;
	case HOSTILE_NEVER:
		append(world, &world->held, task);
		return 0;
	case HOSTILE_INLINE_REFUSED:
		finish(task);
		return script->refusal;
	case HOSTILE_LATER_REFUSED:
		/* The caller has its memory back, and what would be lent leads nowhere. */
		task->repeated = true;
		task->lent = (void *)16;
		append(world, &world->first, task);
		return script->refusal;
	}
	abort();
}

int
world_begin(struct hostile_script *script)
{
	struct world *world = world_current();
	struct hostile_script *active = world->scripted ? &world->script : &world->standing;

	world_note(HOSTILE_CALLED);
	*script = *active;
	if (script->refusals > 0) {
		if (script->refusals != UINT32_MAX) {
			active->refusals--;
		}
		return script->refusal;
	}
	world->scripted = false;
	return 0;
}

int
world_accept(struct task task)
{
	struct hostile_script script;
	int refusal = world_begin(&script);
	struct task *copy;

	if (refusal != 0) {
		return refusal;
	}
	copy = world_alloc(sizeof(*copy));
	*copy = task;
	copy->world = world_current();
	copy->status = script.status;
	copy->left = script.callbacks;
	copy->again = script.again;
	return take(copy->world, copy, &script);
}

int
world_accept_mem(struct task task)
{
	memset(task.mem, HOSTILE_TOUCHED, task.len);
	return world_accept(task);
}

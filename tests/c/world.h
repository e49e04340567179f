/* Inside of the library: calls, and the world that holds them. */
#ifndef WORLD_H
#define WORLD_H

#include "hostile.h"

/* A call. */
struct task {
	void (*run)(struct task *task);
	struct task *next;
	struct world *world;
	void *ctx;
	void *event_ctx;
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
		shapes_walked_cb walked;
	} cb;
	union {
		shapes_event_cb event;
		shapes_visit_fn visit;
	} cb2;
	const void *in;
	void *out;
	void *out2;
	uint64_t a;
	uint64_t b;
	uint8_t *mem;
	size_t len;
	/* What the callback is lent; kept, to be passed again when it is gone. */
	void *lent;
	uint32_t left;
	uint32_t again;
	bool repeated;
};

/* A call is made, with this script: 0 if it may be accepted, or the errno of a refusal. */
int world_begin(struct hostile_script *script);
/* Does with a copy of the task what the script says: 0, or the errno of a refusal. */
int world_accept(struct task task);
/* The same for a call that writes to `task.mem`. */
int world_accept_mem(struct task task);
/* Tells the world of the calling thread. */
void world_note(enum hostile_event event);
struct world *world_current(void);
/* Counts a thing that was not lent. */
void world_wrong_return(void);
/* To be called at the end of each release. */
void world_released(void);
/* Memory that the library cannot do without. */
void *world_alloc(size_t size);
/* Ends what is valid inside of a callback only. */
void world_scribble(void *memory, size_t size);
/* Runs a function on another thread of the same world and waits for its end. */
int world_elsewhere(int (*run)(void *arg), void *arg);

/* What is lent and handed over, so that it is given back once. */
enum ledger_kind { LEDGER_IO, LEDGER_OBJECT, LEDGER_KINDS };
void ledger_add(enum ledger_kind kind, void *thing, struct world *world);
/* The world that the thing was lent by; NULL if it was not, which is counted. */
struct world *ledger_take(enum ledger_kind kind, void *thing);
int ledger_live(enum ledger_kind kind, const struct world *world);

/* The callbacks of shapes.h, with the arguments that a task has for them. */
void once_run_done(struct task *task);
void once_run_status(struct task *task);
void once_run_io(struct task *task);
void once_run_number(struct task *task);
void once_run_pair(struct task *task);
void once_run_open(struct task *task);
void once_run_cpl(struct task *task);
void once_run_stat(struct task *task);
void once_run_buffer(struct task *task);
void once_run_name(struct task *task);
void once_run_measure(struct task *task);
void many_run_attached(struct task *task);
void visit_run_walk(struct task *task);

#endif

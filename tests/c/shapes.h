/* A C library with one function for each shape that a callback API can have.
 *
 * What happens to a call is set before it, for the calling thread: called back inside of the call,
 * called back by shapes_poll(), or refused. hostile.h can do worse. The library does nothing else
 * with its arguments than what the comments say. */
#ifndef SHAPES_H
#define SHAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum shapes_mode { SHAPES_DEFERRED, SHAPES_INLINE, SHAPES_REFUSED };

/* How the next calls of this thread end, and the status that their callbacks report. */
void shapes_set(enum shapes_mode mode, int status);
/* Runs this thread's deferred callbacks; returns how many ran. */
int shapes_poll(void);

/* Objects that somebody has to give back. The counts are per world, see hostile.h. */
struct shapes_io { uint32_t code; };
struct shapes_object { uint32_t id; };
void shapes_free_io(struct shapes_io *io);
int shapes_close(struct shapes_object *object);
int shapes_live_ios(void);
int shapes_live_objects(void);

struct shapes_stat { uint64_t reads; uint64_t writes; };
struct shapes_cpl { uint16_t sc; uint16_t sct; };

/* Callbacks that come once. */
typedef void (*shapes_done_cb)(void *ctx);
typedef void (*shapes_status_cb)(void *ctx, int status);
typedef void (*shapes_io_cb)(struct shapes_io *io, bool success, void *ctx);
typedef void (*shapes_number_cb)(uint64_t number, void *ctx);
typedef void (*shapes_pair_cb)(void *ctx, uint32_t first, uint64_t second, int status);
typedef void (*shapes_open_cb)(void *ctx, struct shapes_object *object, int status);
typedef void (*shapes_cpl_cb)(void *ctx, const struct shapes_cpl *cpl);
typedef void (*shapes_stat_cb)(void *unused, struct shapes_stat *stat, void *ctx, int status);
typedef void (*shapes_buffer_cb)(void *data, void *ctx, size_t len);

/* Conventions of return values: 0 or -errno; nothing; true; non-NULL; 0 or any number. */
int shapes_done(shapes_done_cb cb, void *ctx);
void shapes_status(shapes_status_cb cb, void *ctx);
bool shapes_number(uint64_t number, shapes_number_cb cb, void *ctx);
struct shapes_object *shapes_pair(uint32_t first, shapes_pair_cb cb, void *ctx, uint64_t second);
int shapes_cpl(shapes_cpl_cb cb, void *ctx);
/* A return value that says nothing about acceptance. */
int shapes_count_and_done(shapes_done_cb cb, void *ctx);

/* The context before the callback. */
int shapes_io(void *ctx, uint32_t code, shapes_io_cb cb);
/* The callback's object belongs to whoever is called back. */
int shapes_open(uint32_t id, shapes_open_cb cb, void *ctx);
/* What the callback is given dies after it. */
int shapes_stat(shapes_stat_cb cb, void *ctx);
/* Calls back with the very buffer; bytes are added up when the callback is due. */
int shapes_sum(const uint8_t *bytes, size_t len, shapes_number_cb cb, void *ctx);
int shapes_buffer(void *data, size_t len, shapes_buffer_cb cb, void *ctx);
/* Written when the callback is due: the length of the name, and a copy of the first character. */
int shapes_name(const char *name, size_t *len, char *first, shapes_status_cb cb, void *ctx);
int shapes_measure(size_t *len, shapes_done_cb cb, void *ctx);

/* Like shapes_done, shapes_sum and shapes_count_and_done, for an extern block of their own. */
int shapes_plain(shapes_done_cb cb, void *ctx);
int shapes_add(const uint8_t *bytes, size_t len, shapes_number_cb cb, void *ctx);
int shapes_tick(shapes_done_cb cb, void *ctx);

/* Callbacks that come many times. */
typedef void (*shapes_event_cb)(int type, const struct shapes_stat *stat, void *ctx);
int shapes_watch(shapes_event_cb cb, void *ctx);
int shapes_watch_named(uint32_t name, shapes_event_cb cb, void *ctx, uint32_t *id, uint64_t *at);
int shapes_watch_one(shapes_event_cb cb, void *ctx, uint32_t *id);
/* Returns the registration itself, or NULL. */
struct shapes_object *shapes_register(shapes_event_cb cb, void *ctx, uint32_t *id);
/* Reports to whoever watches. */
void shapes_emit(int type);
/* Registers one callback and completes through another. */
int shapes_attach(shapes_event_cb event_cb, void *event_ctx, shapes_status_cb cb, void *ctx);

/* Callbacks that come while the function runs. */
typedef int (*shapes_each_fn)(void *ctx, uint32_t index, const struct shapes_stat *stat);
typedef void (*shapes_all_fn)(uint32_t index, void *ctx);
int shapes_each(void *ctx, shapes_each_fn fn, uint32_t count);
void shapes_all(uint32_t count, shapes_all_fn fn, void *ctx);

/* A walk whose visits are ended by a call, and which then completes. A non-zero answer ends it. */
struct shapes_walk;
typedef void (*shapes_visit_fn)(struct shapes_walk *walk, uint32_t index, void *ctx);
typedef void (*shapes_walked_cb)(void *ctx, int status);
void shapes_continue(struct shapes_walk *walk, int status);
void shapes_walk(uint32_t count, shapes_visit_fn fn, void *ctx, shapes_walked_cb cb);

#endif

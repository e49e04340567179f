/* A key-value store with callbacks, as C libraries of this kind look.
 *
 * Calls of a store are carried out by kv_poll(), in order, on the thread that calls it. Nothing is
 * copied at the call: keys, values and results are the caller's until the callback. */
#ifndef KV_H
#define KV_H

#include <stdint.h>

struct kv;
struct kv_snapshot;

/* Which version of a value it is, and how long it is in bytes. */
struct kv_info {
	uint64_t version;
	uint64_t length;
};

struct kv *kv_create(void);
/* Only when no call is waiting. */
void kv_destroy(struct kv *kv);
/* Carries out the calls that are waiting, and says how many. */
int kv_poll(struct kv *kv);

/* Comes once for each call that returned 0: zero or a negative errno. */
typedef void (*kv_done_cb)(void *ctx, int status);
/* Stores a value. Refused with -EINVAL for an empty key. */
int kv_put(struct kv *kv, const char *key, const char *value, kv_done_cb cb, void *ctx);
/* Writes what is known of a value to *info; -ENOENT if there is none. */
int kv_stat(struct kv *kv, const char *key, struct kv_info *info, kv_done_cb cb, void *ctx);

/* Comes once. The snapshot belongs to whoever is called back, and is to be closed. */
typedef void (*kv_snapshot_cb)(void *ctx, struct kv_snapshot *snapshot, int status);
int kv_open_snapshot(struct kv *kv, kv_snapshot_cb cb, void *ctx);
void kv_close_snapshot(struct kv_snapshot *snapshot);
uint64_t kv_snapshot_version(const struct kv_snapshot *snapshot);
/* Snapshots that are open. */
int kv_snapshots(void);

/* Comes each time that a value is stored, until kv_unwatch(). */
typedef void (*kv_change_cb)(void *ctx, uint64_t version);
/* Refused with -EBUSY if somebody watches already. */
int kv_watch(struct kv *kv, kv_change_cb cb, void *ctx);
void kv_unwatch(struct kv *kv);

/* Called for each value during kv_each(), which ends with the first answer that is not zero. */
typedef int (*kv_each_fn)(void *ctx, const char *key, const struct kv_info *info);
int kv_each(struct kv *kv, kv_each_fn fn, void *ctx);

#endif

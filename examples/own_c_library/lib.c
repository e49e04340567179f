#include "lib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *key;
	char *value;
	struct kv_info info;
	struct entry *next;
};

struct call {
	enum { PUT, STAT, SNAPSHOT } kind;
	const char *key;
	const char *value;
	struct kv_info *info;
	kv_done_cb done;
	kv_snapshot_cb snapshot;
	void *ctx;
	struct call *next;
};

struct kv_snapshot {
	uint64_t version;
};

struct kv {
	uint64_t version;
	struct entry *entries;
	struct call *first;
	struct call **end;
	kv_change_cb watcher;
	void *watcher_ctx;
};

static int g_snapshots;

struct kv *
kv_create(void)
{
	struct kv *kv = calloc(1, sizeof(*kv));

	if (kv != NULL) {
		kv->end = &kv->first;
	}
	return kv;
}

void
kv_destroy(struct kv *kv)
{
	while (kv->entries != NULL) {
		struct entry *entry = kv->entries;

		kv->entries = entry->next;
		free(entry->key);
		free(entry->value);
		free(entry);
	}
	free(kv);
}

static int
enqueue(struct kv *kv, struct call call)
{
	struct call *copy = malloc(sizeof(*copy));

	if (copy == NULL) {
		return -ENOMEM;
	}
	*copy = call;
	copy->next = NULL;
	*kv->end = copy;
	kv->end = &copy->next;
	return 0;
}

int
kv_put(struct kv *kv, const char *key, const char *value, kv_done_cb cb, void *ctx)
{
	if (*key == '\0') {
		return -EINVAL;
	}
	return enqueue(kv, (struct call) {
		.kind = PUT, .key = key, .value = value, .done = cb, .ctx = ctx
	});
}

int
kv_stat(struct kv *kv, const char *key, struct kv_info *info, kv_done_cb cb, void *ctx)
{
	return enqueue(kv, (struct call) {
		.kind = STAT, .key = key, .info = info, .done = cb, .ctx = ctx
	});
}

int
kv_open_snapshot(struct kv *kv, kv_snapshot_cb cb, void *ctx)
{
	return enqueue(kv, (struct call) {
		.kind = SNAPSHOT, .snapshot = cb, .ctx = ctx
	});
}

static struct entry *
find(struct kv *kv, const char *key)
{
	struct entry *entry = kv->entries;

	while (entry != NULL && strcmp(entry->key, key) != 0) {
		entry = entry->next;
	}
	return entry;
}

static struct entry *
find_or_add(struct kv *kv, const char *key)
{
	struct entry *entry = find(kv, key);

	if (entry != NULL) {
		return entry;
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL) {
		return NULL;
	}
	entry->key = strdup(key);
	if (entry->key == NULL) {
		free(entry);
		return NULL;
	}
	entry->next = kv->entries;
	kv->entries = entry;
	return entry;
}

static int
store_value(struct kv *kv, const struct call *call)
{
	char *value = strdup(call->value);
	struct entry *entry = find_or_add(kv, call->key);

	if (value == NULL || entry == NULL) {
		free(value);
		return -ENOMEM;
	}
	free(entry->value);
	entry->value = value;
	entry->info.version = ++kv->version;
	entry->info.length = strlen(value);
	return 0;
}

static int
look_up(struct kv *kv, const struct call *call)
{
	struct entry *entry = find(kv, call->key);

	if (entry == NULL) {
		return -ENOENT;
	}
	*call->info = entry->info;
	return 0;
}

static void
open_snapshot(struct kv *kv, const struct call *call)
{
	struct kv_snapshot *snapshot = malloc(sizeof(*snapshot));

	if (snapshot != NULL) {
		snapshot->version = kv->version;
		g_snapshots++;
	}
	call->snapshot(call->ctx, snapshot, snapshot != NULL ? 0 : -ENOMEM);
}

static void
carry_out(struct kv *kv, const struct call *call)
{
	int status;

	if (call->kind == SNAPSHOT) {
		open_snapshot(kv, call);
		return;
	}
	status = call->kind == PUT ? store_value(kv, call) : look_up(kv, call);
	if (call->kind == PUT && status == 0 && kv->watcher != NULL) {
		kv->watcher(kv->watcher_ctx, kv->version);
	}
	call->done(call->ctx, status);
}

int
kv_poll(struct kv *kv)
{
	int calls = 0;
	struct call *call = kv->first;

	/* What callbacks call is for the next time. */
	kv->first = NULL;
	kv->end = &kv->first;
	while (call != NULL) {
		struct call *next = call->next;

		carry_out(kv, call);
		free(call);
		call = next;
		calls++;
	}
	return calls;
}

void
kv_close_snapshot(struct kv_snapshot *snapshot)
{
	g_snapshots--;
	free(snapshot);
}

uint64_t
kv_snapshot_version(const struct kv_snapshot *snapshot)
{
	return snapshot->version;
}

int
kv_snapshots(void)
{
	return g_snapshots;
}

int
kv_watch(struct kv *kv, kv_change_cb cb, void *ctx)
{
	if (kv->watcher != NULL) {
		return -EBUSY;
	}
	kv->watcher = cb;
	kv->watcher_ctx = ctx;
	return 0;
}

void
kv_unwatch(struct kv *kv)
{
	kv->watcher = NULL;
}

int
kv_each(struct kv *kv, kv_each_fn fn, void *ctx)
{
	for (struct entry *entry = kv->entries; entry != NULL; entry = entry->next) {
		int answer = fn(ctx, entry->key, &entry->info);

		if (answer != 0) {
			return answer;
		}
	}
	return 0;
}

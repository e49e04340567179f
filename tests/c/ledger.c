/* Who has what: each thing that is lent or handed over stays in the ledger until it comes back. */
#include "world.h"

#include <pthread.h>
#include <stdlib.h>

struct entry {
	struct entry *next;
	enum ledger_kind kind;
	void *thing;
	struct world *world;
};

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *g_entries;

void
ledger_add(enum ledger_kind kind, void *thing, struct world *world)
{
	struct entry *entry = world_alloc(sizeof(*entry));

	*entry = (struct entry) { .kind = kind, .thing = thing, .world = world };
	pthread_mutex_lock(&g_lock);
	entry->next = g_entries;
	g_entries = entry;
	pthread_mutex_unlock(&g_lock);
}

struct world *
ledger_take(enum ledger_kind kind, void *thing)
{
	struct world *world = NULL;
	struct entry **at, *entry;

	pthread_mutex_lock(&g_lock);
	for (at = &g_entries; *at != NULL; at = &(*at)->next) {
		if ((*at)->thing == thing && (*at)->kind == kind) {
			break;
		}
	}
	entry = *at;
	if (entry != NULL) {
		world = entry->world;
		*at = entry->next;
		free(entry);
	} else {
		world_wrong_return();
	}
	pthread_mutex_unlock(&g_lock);
	return world;
}

int
ledger_live(enum ledger_kind kind, const struct world *world)
{
	int live = 0;

	pthread_mutex_lock(&g_lock);
	for (struct entry *entry = g_entries; entry != NULL; entry = entry->next) {
		live += entry->kind == kind && entry->world == world;
	}
	pthread_mutex_unlock(&g_lock);
	return live;
}

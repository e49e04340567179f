/* Work that another thread of the same world does, and has done by the return. */
#include "world.h"

#include <pthread.h>
#include <stdlib.h>

struct errand {
	struct world *world;
	int (*run)(void *arg);
	void *arg;
	int result;
};

static void *
run_errand(void *arg)
{
	struct errand *errand = arg;

	hostile_enter(errand->world);
	errand->result = errand->run(errand->arg);
	return NULL;
}

int
world_elsewhere(int (*run)(void *arg), void *arg)
{
	struct errand errand = { .world = world_current(), .run = run, .arg = arg };
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_errand, &errand) != 0) {
		abort();
	}
	pthread_join(thread, NULL);
	return errand.result;
}

/*
 * Tells ThreadSanitizer what the standard library does where it is not instrumented: the slow path of
 * a lock, and the waiting for a condition. The linker puts these in their place (--wrap). The fast paths
 * are inline and so instrumented. Each passes on what registers may hold.
 */
typedef unsigned long word;

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define NAME_(prefix, symbol) prefix##symbol
#define NAME(prefix, symbol) NAME_(prefix, symbol)
#define WRAP(symbol)                                                                                   \
	word NAME(__real_, symbol)(word a, word b, word c, word d, word e, word f);                    \
	word NAME(__wrap_, symbol)(word a, word b, word c, word d, word e, word f)
#define REAL(symbol) NAME(__real_, symbol)(a, b, c, d, e, f)

/* lock_contended(&mutex): the lock is ours when it returns. */
WRAP(LOCK_CONTENDED)
{
	word result = REAL(LOCK_CONTENDED);

	__tsan_acquire((void *)a);
	return result;
}

/* wait(&condvar, &mutex): gives the lock away and has it again. */
WRAP(CONDVAR_WAIT)
{
	__tsan_release((void *)b);
	word result = REAL(CONDVAR_WAIT);

	__tsan_acquire((void *)b);
	return result;
}

/* wait_timeout(&condvar, &mutex, duration): as wait. */
WRAP(CONDVAR_WAIT_TIMEOUT)
{
	__tsan_release((void *)b);
	word result = REAL(CONDVAR_WAIT_TIMEOUT);

	__tsan_acquire((void *)b);
	return result;
}

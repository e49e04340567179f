/* The headers of the bound surface; which of their symbols are bound is listed in api/. */
#include <spdk/bdev.h>
#include <spdk/bdev_module.h>
#include <spdk/cpuset.h>
#include <spdk/env.h>
#include <spdk/event.h>
#include <spdk/histogram_data.h>
#include <spdk/init.h>
#include <spdk/log.h>
#include <spdk/rpc.h>
#include <spdk/string.h>
#include <spdk/thread.h>
#include <spdk/uuid.h>

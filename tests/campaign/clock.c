/* Copyright (c) edgecloud.nic contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sets the wall clock of a process by CLOCK_AHEAD seconds, and the time since the machine was started by UPTIME_AHEAD.
 * What measures how long something takes stays as it is, and so does gettimeofday, from which Python makes the deadlines of semaphores. (libfaketime stops threads that wait.)
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    const char *name = clock == CLOCK_REALTIME ? "CLOCK_AHEAD" : clock == CLOCK_BOOTTIME ? "UPTIME_AHEAD" : NULL;
    const char *ahead = name ? getenv(name) : NULL;
    if (!result && ahead)
        now->tv_sec += atol(ahead);
    return result;
}

/* For time.gmtime(). */
time_t time(time_t *place)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place)
        *place = now.tv_sec;
    return now.tv_sec;
}

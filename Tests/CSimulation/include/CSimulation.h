#pragma once
#include <stdbool.h>
#include <stdint.h>

// The three things of a process that a simulation has to own: which task runs next, what time it is, and what is random.

/// Called with each job of a task that is ready to run.
typedef void (*sim_enqueue)(void *job);
/// Called with each job that is ready in so many nanoseconds.
typedef void (*sim_enqueue_after)(uint64_t nanoseconds, void *job);

/// From now on the Swift runtime gives its jobs to these, instead of to threads.
/// Returns false where the runtime has no such hooks.
bool sim_take_over_tasks(sim_enqueue enqueue, sim_enqueue_after after);

/// Runs a job on the calling thread until it suspends or ends.
void sim_run(void *job);

/// From now on every clock of the process says what `sim_set_time` has set, and all that the system calls random follows from
/// the seed.
void sim_take_over_time_and_chance(uint64_t seed);

/// Nanoseconds since the simulation began.
void sim_set_time(int64_t nanoseconds);

/// How long the process has really computed, in nanoseconds.
int64_t sim_processor_time(void);

/// Starts the program anew, once, with what differs from one run to the next switched off: where the system puts things in
/// memory, and the seeds of Swift's hash tables. To be called first.
void sim_start_anew(char **arguments);

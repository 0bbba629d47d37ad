/*
 * Loaded before each file of tests. What a failed test leaves behind, a child or a timer, would hold its file for ever; Node's --test-force-exit
 * ends it at once, and with it reports of tests that were not yet written to the runner: up to half of a file's were missing from the count.
 */
import { after } from 'node:test'
import { isMainThread } from 'node:worker_threads'

/** Long enough for the last report to be written on a busy machine. */
const LEFT_MS = 3_000

// Forked children and workers are given the same arguments.
if (isMainThread && /\.test\.ts$/.test(process.argv[1] ?? '')) after(() => setTimeout(() => process.exit(), LEFT_MS).unref())

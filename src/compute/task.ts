import type { ComputeBlock, WgslProgram } from '../ports.ts'
import { ComputeCrashedError, ComputeLimitError, ComputeTimeoutError } from './errors.ts'
import type { FailedMessage } from './messages.ts'
import { bufferBytes, type SourceCode } from './program.ts'

export interface BlockWork {
  program: WgslProgram
  block: ComputeBlock
  budgetMs: number
  leastDispatches?: number
}

export interface Task {
  lane: object
  source: SourceCode
  /** Without it the task is to compile only. */
  work: BlockWork | undefined
  /** It was in a child that crashed together with another: it runs alone, to learn whose fault it is. */
  alone: boolean
  settle: PromiseWithResolvers<unknown>
}

/** A task in the child. */
export interface Entry {
  id: number
  task: Task
  phase: 'compile' | 'run'
  /** The caller has gone; the child still has to be rid of it. */
  abandoned: boolean
  timedOut: boolean
  unwatch: (() => void) | undefined
}

export interface TaskLimits {
  compileTimeoutMs: number
  maxBufferBytes: number
}

/** What the task takes of the device's memory. */
export const bytesOf = (work: BlockWork | undefined) => (work === undefined ? 0 : bufferBytes(work.program, work.block))

export function timeoutOf({ phase, task }: Entry, { compileTimeoutMs }: Pick<TaskLimits, 'compileTimeoutMs'>): ComputeTimeoutError {
  return new ComputeTimeoutError(phase, phase === 'compile' ? compileTimeoutMs : task.work!.budgetMs)
}

/** What the child reported, as the caller hears it. */
export function failureOf(entry: Entry, { reason, message }: FailedMessage, limits: TaskLimits): Error {
  if (entry.timedOut) return timeoutOf(entry, limits)
  if (reason !== 'memory') return new ComputeCrashedError(message)
  const expected = `what the device can allocate (${message})`
  return new ComputeLimitError('bytes of buffers', bytesOf(entry.task.work), limits.maxBufferBytes, expected)
}

import type { RecordOf } from '../job/records.ts'

/** What an adapter's error means for the Job, by the error's `name`: roles do not import adapters. */
const REASONS: Record<string, RecordOf<'complaint'>['reason']> = {
  ShaderCompileError: 'compile',
  ShaderTooLargeError: 'compile',
  ComputeTimeoutError: 'timeout',
  ComputeLimitError: 'limits',
  ComputeCrashedError: 'crash',
  BlockNotFoundError: 'data',
  WrongBytesError: 'data',
  WrongPlanError: 'data',
}

/** The reason to write into the log, or undefined where the error says nothing about the Job. */
export function complaintOf(error: unknown): RecordOf<'complaint'>['reason'] | undefined {
  return error instanceof Error ? REASONS[error.name] : undefined
}

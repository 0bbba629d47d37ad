/** What a DApp imports: `import { createClient } from 'minga'`. Nothing here needs Node.js. */
export type { MingaClient } from './client/client.ts'
export { ClientClosedError, ClientSettingsError } from './client/errors.ts'
export type { JobHandle, JobResult } from './client/job-handle.ts'
export { type CreateClientInit, createClient } from './client/web.ts'
export { EXIT, MingaError } from './errors.ts'
export type { JobDraft } from './job/draft.ts'
export { InvalidJobInfoError, NotCancellableError, type Problem } from './job/errors.ts'
export type { JobEvent, JobShape, JobState, JobSummary, MicroJobState } from './job/events.ts'
export type { JobInfo } from './job/info.ts'
export type { JobPrice } from './job/price.ts'
export type { JobProgress } from './job/progress.ts'
export type { JobReport } from './job/report.ts'
export type { Slicing } from './job/slicing.ts'
export { type Logger, silentLogger } from './log.ts'
export { BadMultiaddrError, BootstrapUnreachableError, ChannelClosedError } from './network/errors.ts'
export { LogClosedError } from './replica/errors.ts'
export {
  CancelUnheardError,
  JobClosedError,
  JobFailedError,
  JobNotFinishedError,
  JobNotFoundError,
  JobOverError,
  NoHolderError,
  NoPayingChainError,
  NotThePayerError,
  NotTheRequesterError,
  OtherChainError,
  PriceInEscrowError,
  ResultRefusedError,
} from './roles/errors.ts'
export type { VerifiedReport } from './roles/verified-report.ts'
export {
  BlockNotFoundError,
  FileTooLargeError,
  InvalidCidError,
  MalformedDagError,
  StorageStoppedError,
  WrongBytesError,
} from './storage/errors.ts'

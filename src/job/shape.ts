import type { JobInfo } from './info.ts'
import type { JobRecord } from './records.ts'

/**
 * True where a record speaks of MacroJobs, MicroJobs and chunks that the Job has. Others are filed nowhere: the schema, which judges an envelope before the
 * Job is known, can bound them only by what any Job may have, and whoever refused an envelope that others have taken would part with them for good.
 */
export function fitsShape({ slicing }: Pick<JobInfo, 'slicing'>, record: JobRecord): boolean {
  const { macroJobs, microJobs, chunkMacroJobs } = slicing
  const isMacro = (macro: number) => macro < macroJobs
  switch (record.kind) {
    case 'plan':
    case 'verdict':
      return isMacro(record.macro)
    case 'commit':
    case 'reveal':
      // The validation MicroJob comes after the last.
      return isMacro(record.macro) && record.micro <= microJobs
    case 'recheck':
    case 'testimony':
      return isMacro(record.macro) && record.micro < microJobs
    case 'root':
    case 'nonce':
    case 'endorsement':
    case 'reopen':
    case 'refusal':
      return record.chunk < Math.ceil(macroJobs / chunkMacroJobs)
    default:
      return true
  }
}

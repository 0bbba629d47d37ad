import type { DeviceReport, Diagnostic } from '../ports.ts'
import type { JobShape } from './events.ts'
import type { JobPrice } from './price.ts'

/** What one block of a draft does on one machine. */
export interface DryRunReport {
  shape: JobShape
  /** Undefined where it pays nothing. */
  price: JobPrice | undefined
  /** True where the escrow that would pay was asked, and takes such a Job. */
  isPriceChecked: boolean
  /** Warnings of the compiler and the linter; errors are thrown as ShaderCompileError. */
  diagnostics: readonly Diagnostic[]
  device: DeviceReport
  /** What the block read; `zeros`: the data lies behind a URI and was not fetched, and zeros stood for it. */
  data: 'none' | 'local' | 'zeros'
  /** The block that was run. */
  block: { index: number; inputBytes: number; outputBytes: number; deviceMs: number; hash: string }
}

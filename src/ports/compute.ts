import type { Abortable } from './common.ts'

/** A WGSL program as the compute ABI sees it (docs/COMPUTE.md). */
export interface WgslProgram {
  /** At most 64 KiB; declares the three bindings itself. */
  code: string
  /** Appended after `code`, so that line numbers stay the author's. */
  prelude: readonly 'reproducible-float'[]
  /** @group-size of the entry point `main`, a 1-D workgroup. */
  workgroupSize: number
  /** Invocations of one block; the index of one is `global_invocation_id.x + P[12]`. */
  invocations: number
  /** Bytes of one block's output: a multiple of 4. */
  outputBytes: number
  /** True where results are compared bit by bit: the source is linted and NaN, −0 are canonicalised for `f32` output. */
  exact: boolean
  /** What the output's 32-bit values are; `f32` makes NaN and −0 canonical before hashing. */
  outputElement: 'u32' | 'f32'
}

export interface ComputeBlock {
  /** P: the ABI's 16-word header and then the Job's parameters. P[0] is 0. */
  params: Uint32Array
  /** I: the block's input, a multiple of 4 bytes, possibly empty. */
  input: Uint8Array
}

export interface BlockResult {
  output: Uint8Array
  /** SHA-256 of the canonical output. */
  hash: Uint8Array
  /** Time on the device, all dispatches of the block. */
  deviceMs: number
}

export interface Diagnostic {
  severity: 'error' | 'warning' | 'info'
  message: string
  /** 1-based line and column in the author's source; 0 where unknown. */
  line: number
  column: number
}

export interface DeviceReport {
  /** As the driver names it. */
  name: string
  kind: 'hardware' | 'software'
  /** The numeric fingerprint: peers with the same one may compare raw f32 results (`class`). */
  fingerprint: string
  limits: { maxBufferBytes: number; maxStorageBindingBytes: number; maxWorkgroupSize: number; maxWorkgroups: number }
}

export interface Compute {
  device(): Promise<DeviceReport>
  /** Lints and compiles without running. An empty array or only warnings means that it can run. */
  check(program: WgslProgram, options?: Abortable): Promise<Diagnostic[]>
  /**
   * Runs the blocks in order on one device. Throws ShaderCompileError (with diagnostics), ComputeTimeoutError, ComputeLimitError,
   * ComputeCrashedError; after any of them the next call works.
   * `budgetMs` bounds each block; `leastDispatches` cuts each into so many dispatches at least, as far as it has workgroups: a program with one answer gives the
   * same however it is cut; `onBlock` hears of each block as it completes.
   */
  run(
    program: WgslProgram,
    blocks: readonly ComputeBlock[],
    options: Abortable & { budgetMs: number; leastDispatches?: number; onBlock?: (index: number, result: BlockResult) => void },
  ): Promise<BlockResult[]>
  stop(): Promise<void>
}

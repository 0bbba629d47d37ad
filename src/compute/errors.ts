import { EXIT, MingaError } from '../errors.ts'
import type { Diagnostic } from '../ports.ts'

/** No GPU and no software driver answered. */
export class NoAdapterError extends MingaError {
  override readonly name = 'NoAdapterError'
  readonly exitCode = EXIT.jobFailed
  readonly platform: string
  /** What each attempt found, one sentence each. */
  readonly tried: readonly string[]

  constructor(platform: string, tried: readonly string[]) {
    super({
      message: `expected a WebGPU adapter on ${platform}, found none (${tried.join('; ') || 'nothing to try'})`,
      hint: adapterHint(platform),
    })
    this.platform = platform
    this.tried = tried
  }
}

function adapterHint(platform: string): string {
  if (platform === 'linux-x64') return 'install a Vulkan driver, or run `npm install --include=optional` to get the software driver'
  if (platform.startsWith('linux'))
    return 'install a Vulkan driver (mesa-vulkan-drivers 25 or newer, or the maker’s own) and its loader, libvulkan1'
  return 'update the graphics driver; a remote session may hide the GPU'
}

/** The program does not compile, or breaks a rule of the mode it claims. */
export class ShaderCompileError extends MingaError {
  override readonly name = 'ShaderCompileError'
  readonly exitCode = EXIT.jobFailed
  readonly diagnostics: readonly Diagnostic[]

  constructor(diagnostics: readonly Diagnostic[], hint = 'correct the WGSL source; docs/COMPUTE.md describes the calling convention') {
    const first = diagnostics.find(({ severity }) => severity === 'error') ?? diagnostics[0]
    const place = first === undefined || first.line === 0 ? '' : ` at ${first.line}:${first.column}`
    super({ message: `expected WGSL that compiles, found${place}: ${first?.message.split('\n')[0] ?? 'no program'}`, hint })
    this.diagnostics = diagnostics
  }
}

/** The source is longer than any peer compiles. */
export class ShaderTooLargeError extends MingaError {
  override readonly name = 'ShaderTooLargeError'
  readonly exitCode = EXIT.jobFailed
  readonly bytes: number
  readonly maxBytes: number

  constructor(bytes: number, maxBytes: number) {
    super({ message: `expected at most ${maxBytes} bytes of WGSL, found ${bytes}`, hint: 'move tables into parameters or input' })
    this.bytes = bytes
    this.maxBytes = maxBytes
  }
}

/** A compilation or a block took longer than its limit, and was stopped. */
export class ComputeTimeoutError extends MingaError {
  override readonly name = 'ComputeTimeoutError'
  readonly exitCode = EXIT.jobFailed
  readonly phase: 'compile' | 'run'
  readonly limitMs: number

  constructor(phase: 'compile' | 'run', limitMs: number) {
    const what = phase === 'compile' ? 'the shader to compile' : 'the block to finish'
    super({
      message: `expected ${what} within ${limitMs} ms, found it still busy; it was stopped`,
      hint: 'make blocks smaller, or the limit longer',
    })
    this.phase = phase
    this.limitMs = limitMs
  }
}

/** The program or a block asks for more than this device, or this peer, gives. */
export class ComputeLimitError extends MingaError {
  override readonly name = 'ComputeLimitError'
  readonly exitCode = EXIT.jobFailed
  readonly what: string
  readonly found: number
  readonly limit: number

  constructor(what: string, found: number, limit: number, expected = `at most ${limit}`) {
    super({ message: `expected ${what} of ${expected}, found ${found}`, hint: 'slice the Job into smaller blocks' })
    this.what = what
    this.found = found
    this.limit = limit
  }
}

/** The compute process died or its device failed. The next call gets a fresh one. */
export class ComputeCrashedError extends MingaError {
  override readonly name = 'ComputeCrashedError'
  readonly exitCode = EXIT.jobFailed
  /** How it ended: a signal, an exit code, or the driver's words. */
  readonly detail: string

  constructor(detail: string, cause?: unknown) {
    super({
      message: `expected a result, found the compute process ended: ${detail}`,
      hint: 'if it happens again, update the graphics driver',
      cause,
    })
    this.detail = detail
  }
}

/** The call was waiting when `stop()` was called, or came after it. */
export class ComputeStoppedError extends MingaError {
  override readonly name = 'ComputeStoppedError'
  readonly exitCode = EXIT.interrupted

  constructor() {
    super({ message: 'expected a running compute service, found it stopped', hint: 'create a new one' })
  }
}

/** Only a software adapter answers, and the operator wants none. */
export class SoftwareAdapterError extends MingaError {
  override readonly name = 'SoftwareAdapterError'
  readonly exitCode = EXIT.usage
  readonly adapter: string

  constructor(adapter: string) {
    super({
      message: `Expected a hardware adapter, as --no-compute-software asks; only ${adapter} answers.`,
      hint: 'Install the GPU’s driver (`minga doctor` shows what answers), or allow the software adapter.',
    })
    this.adapter = adapter
  }
}

import { ENTRY_POINT } from '../job/abi.ts'
import type { Diagnostic } from '../ports.ts'
import { DeviceFault, guarded } from './guard.ts'
import { quietly } from './quiet.ts'

export interface Pipeline {
  compute: GPUComputePipeline
  /** Invocations per millisecond as last measured; undefined before the first dispatch. */
  rate: number | undefined
}

export interface Compiled {
  /** Undefined where a diagnostic is an error. */
  pipeline?: Pipeline
  diagnostics: Diagnostic[]
}

/** A hostile source has thousands of findings, each as long as it likes. */
const MAX_MESSAGES = 100
const MAX_MESSAGE_CHARS = 1000

export interface Bindings {
  group: GPUBindGroupLayout
  pipeline: GPUPipelineLayout
}

/**
 * The one layout of all programs: P, I, O and the index of a dispatch's first invocation. With `layout: 'auto'` a binding that the program leaves unused would vanish from the layout, the bind
 * group would not fit, and the output would stay zero.
 */
export function createBindings(device: GPUDevice): Bindings {
  const types: GPUBufferBindingType[] = ['read-only-storage', 'read-only-storage', 'storage', 'uniform']
  const entries = types.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } }))
  const group = device.createBindGroupLayout({ entries })
  return { group, pipeline: device.createPipelineLayout({ bindGroupLayouts: [group] }) }
}

/** Compiles the program. What is wrong with it comes back as diagnostics, at the author's lines; nothing is thrown for it. */
export async function compile(device: GPUDevice, bindings: Bindings, code: string, authorLines: number): Promise<Compiled> {
  const { value: module, checked } = guarded(device, () => device.createShaderModule({ code }))
  const refused = await quietly(checked.then(() => undefined, faultOf))
  const info = await quietly(module.getCompilationInfo())
  const diagnostics = info.messages.slice(0, MAX_MESSAGES).map((message) => toDiagnostic(message, authorLines))
  if (refused !== undefined && !hasError(diagnostics)) diagnostics.push(unplaced(refused.message))
  if (hasError(diagnostics)) return { diagnostics }
  try {
    const descriptor = { layout: bindings.pipeline, compute: { module, entryPoint: ENTRY_POINT } }
    const compute = await quietly(device.createComputePipelineAsync(descriptor))
    return { pipeline: { compute, rate: undefined }, diagnostics }
  } catch (error) {
    return { diagnostics: [...diagnostics, unplaced((error as Error).message)] }
  }
}

function faultOf(error: unknown): DeviceFault {
  if (error instanceof DeviceFault) return error
  throw error
}

function toDiagnostic({ type, message, lineNum, linePos }: GPUCompilationMessage, authorLines: number): Diagnostic {
  if (lineNum > authorLines) return { ...unplaced(`after the end of the source, where the prelude begins: ${message}`), severity: type }
  return { severity: type, message: message.slice(0, MAX_MESSAGE_CHARS), line: lineNum, column: linePos }
}

function unplaced(message: string): Diagnostic {
  return { severity: 'error', message: message.slice(0, MAX_MESSAGE_CHARS), line: 0, column: 0 }
}

const hasError = (diagnostics: readonly Diagnostic[]) => diagnostics.some(({ severity }) => severity === 'error')

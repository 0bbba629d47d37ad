import { create, globals } from 'webgpu'
import type { AdapterChoice, AdapterReport, ReadyMessage } from './messages.ts'

Object.assign(globalThis, globals)

/** One backend per system, by name: the OpenGL one ends loops silently at 65,535 iterations on Mesa's llvmpipe. */
const BACKENDS: Partial<Record<NodeJS.Platform, string>> = { linux: 'vulkan', darwin: 'metal', win32: 'd3d12' }

/**
 * Held for the life of the process: when the object that `create` returns is collected, Dawn crashes in native code.
 * `disable_robustness` and `allow_unsafe_apis` are never enabled: bounds checks are what makes a stranger's shader safe to run.
 */
const gpu: GPU = create([`backend=${BACKENDS[process.platform] ?? 'vulkan'}`])

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render|\(cpu\)/i

export interface OpenDevice {
  device: GPUDevice
  ready: ReadyMessage
}

/** The device of the fastest adapter, or the reason why there is none. */
export async function openDevice(choice: AdapterChoice): Promise<OpenDevice | string> {
  const adapter = await findAdapter(choice)
  if (adapter === null) return 'no adapter answered'
  const report = describe(adapter)
  if (/opengl/i.test(report.description)) return `${report.name} speaks OpenGL only`
  const { maxBufferSize, maxStorageBufferBindingSize, maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX } = adapter.limits
  const { maxComputeWorkgroupStorageSize } = adapter.limits
  const requiredLimits = { maxBufferSize, maxStorageBufferBindingSize, maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX }
  const device = await adapter.requestDevice({ requiredLimits: { ...requiredLimits, maxComputeWorkgroupStorageSize } })
  const limits = {
    maxBufferBytes: device.limits.maxBufferSize,
    maxStorageBindingBytes: device.limits.maxStorageBufferBindingSize,
    maxWorkgroupSize: Math.min(device.limits.maxComputeInvocationsPerWorkgroup, device.limits.maxComputeWorkgroupSizeX),
    maxWorkgroups: device.limits.maxComputeWorkgroupsPerDimension,
  }
  return { device, ready: { kind: 'ready', adapter: report, limits } }
}

async function findAdapter(choice: AdapterChoice): Promise<GPUAdapter | null> {
  if (choice === 'software') return gpu.requestAdapter({ forceFallbackAdapter: true })
  return (await gpu.requestAdapter({ powerPreference: 'high-performance' })) ?? gpu.requestAdapter()
}

/** Each adapter that some request brings to light, once. */
export async function listAdapters(): Promise<AdapterReport[]> {
  const wishes: GPURequestAdapterOptions[] = [
    { powerPreference: 'high-performance' },
    { powerPreference: 'low-power' },
    { forceFallbackAdapter: true },
  ]
  const found = new Map<string, AdapterReport>()
  for (const wish of wishes) {
    const adapter = await gpu.requestAdapter(wish)
    if (adapter !== null) found.set(JSON.stringify(describe(adapter)), describe(adapter))
  }
  return [...found.values()]
}

function describe({ info }: GPUAdapter): AdapterReport {
  const { vendor, architecture, device, description } = info
  const name = description || device || architecture || vendor || 'unnamed adapter'
  const software = info.isFallbackAdapter || SOFTWARE.test(`${architecture} ${device} ${description}`)
  return { name, kind: software ? 'software' : 'hardware', vendor, architecture, description }
}

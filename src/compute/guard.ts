/** An error that the device reported in a scope; `memory` when an allocation failed. */
export class DeviceFault extends Error {
  readonly reason: 'memory' | 'device'

  constructor(reason: 'memory' | 'device', message: string) {
    super(message)
    this.reason = reason
  }
}

const SCOPES = ['validation', 'out-of-memory', 'internal'] as const

/**
 * Runs `calls` between error scopes. Give the scopes' verdict with `checked`, which rejects with DeviceFault: a job goes on only when
 * nothing was reported, because a refused dispatch leaves zeros that every honest peer would agree on.
 * `calls` must not be async: scopes are a stack of the device, and blocks overlap.
 */
export function guarded<T>(device: GPUDevice, calls: () => T): { value: T; checked: Promise<void> } {
  for (const scope of SCOPES) device.pushErrorScope(scope)
  let value: T
  const verdicts: Promise<GPUError | null>[] = []
  try {
    value = calls()
  } finally {
    for (const _ of SCOPES) verdicts.push(device.popErrorScope())
  }
  return { value, checked: verdict(verdicts) }
}

async function verdict(verdicts: Promise<GPUError | null>[]): Promise<void> {
  for (const error of await Promise.all(verdicts)) {
    if (error !== null) throw new DeviceFault(error instanceof GPUOutOfMemoryError ? 'memory' : 'device', error.message)
  }
}

import type { Logger } from '../log.ts'
import type { DeviceReport } from '../ports.ts'
import { dispose, type OpenChild } from './open-child.ts'

export interface PresentDeviceComponents {
  logger: Logger
  /** Starts a child with its device open. Throws NoAdapterError, ComputeCrashedError. */
  openChild(): Promise<OpenChild>
  /** Learns from the device how it computes. */
  measureFingerprint(): Promise<string>
}

/** The device that the newest child has opened: a driver may vanish, and the next child find another. */
export interface PresentDevice {
  /** A child for whoever runs it. Rejects as `openChild` does. */
  takeChild(): Promise<OpenChild>
  limits(): DeviceReport['limits']
  /** What it is, with its fingerprint, which is measured once for each device. */
  report(): Promise<DeviceReport>
  stop(): Promise<void>
}

/** Opens a first child, which waits to be taken. Rejects as `openChild` does. */
export async function openPresentDevice(components: PresentDeviceComponents): Promise<PresentDevice> {
  const { logger, openChild, measureFingerprint } = components
  let fingerprint: Promise<string> | undefined
  let spare: OpenChild | undefined = await open()
  let { ready } = spare
  spare.hold(false)

  async function open(): Promise<OpenChild> {
    const child = await openChild()
    const { name, kind } = child.ready.adapter
    logger.info('compute device open', { adapter: name, kind, pid: child.pid })
    return child
  }

  async function openNext(): Promise<OpenChild> {
    const child = await open()
    const [from, to] = [ready.adapter.name, child.ready.adapter.name]
    if (from !== to) {
      logger.warn('compute device changed', { from, to })
      fingerprint = undefined
    }
    ready = child.ready
    return child
  }

  return {
    async takeChild() {
      const given = spare ?? (await openNext())
      spare = undefined
      return given
    },
    limits: () => ready.limits,
    async report() {
      fingerprint ??= measureFingerprint()
      const measured = fingerprint
      measured.catch(() => {
        if (fingerprint === measured) fingerprint = undefined
      })
      const value = await measured
      const { adapter, limits } = ready
      return { name: adapter.name, kind: adapter.kind, fingerprint: value, limits }
    },
    async stop() {
      if (spare !== undefined) await dispose(spare)
      spare = undefined
    },
  }
}

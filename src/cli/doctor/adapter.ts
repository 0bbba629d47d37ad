import { formatBytes } from '../../config/units.ts'
import type { Config } from '../../config.ts'
import { MingaError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import type { DeviceReport } from '../../ports.ts'
import { loadCompute } from '../core.ts'
import { safe } from '../render/style.ts'
import type { Check } from './check.ts'

/** What this machine computes on: hardware or software, its limits, and its numeric fingerprint. */
export async function checkAdapter({ compute: { device, software, vulkanDrivers }, cacheDir }: Config, logger: Logger): Promise<Check> {
  if (device === 'off') return { name: 'adapter', status: 'ok', found: 'off, as configured: this peer only serves and routes' }
  try {
    const createCompute = await loadCompute()
    const driverEnvironment = vulkanDrivers === undefined ? {} : { driverEnvironment: { VK_DRIVER_FILES: vulkanDrivers } }
    const compute = await createCompute({ logger }, { adapter: device, cacheDirectory: cacheDir, ...driverEnvironment })
    try {
      return judge(await compute.device(), software)
    } finally {
      await compute.stop()
    }
  } catch (error) {
    const { message, hint } = error instanceof MingaError ? error : { message: String(error), hint: undefined }
    return { name: 'adapter', status: 'fail', found: message, fix: hint ?? 'update the graphics driver' }
  }
}

function judge(report: DeviceReport, isSoftwareAllowed: boolean): Check {
  const { name, kind, fingerprint, limits } = report
  const sizes = `buffers to ${formatBytes(limits.maxBufferBytes)}, bindings to ${formatBytes(limits.maxStorageBindingBytes)}`
  const found = `${safe(name)} (${kind}); ${sizes}, workgroups of ${limits.maxWorkgroupSize}; fingerprint ${fingerprint.slice(0, 16)}`
  const facts = { ...report }
  if (kind === 'hardware') return { name: 'adapter', status: 'ok', found, facts }
  const fix = 'it works, slowly: a GPU with its driver is 10 to 1,000 times faster'
  if (isSoftwareAllowed) return { name: 'adapter', status: 'warn', found, fix, facts }
  return {
    name: 'adapter',
    status: 'fail',
    found,
    fix: 'no hardware adapter answers: install its driver, or set compute.software to true',
    facts,
  }
}

import { existsSync } from 'node:fs'
import type { SoftwareDriver } from './software-driver.ts'

/** Where distributions put the Vulkan loader; `ldconfig -p` would cost a process and is not everywhere. */
const LOADER_PATHS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/lib64', '/usr/local/lib'].map(
  (folder) => `${folder}/libvulkan.so.1`,
)

/**
 * The environments to try in turn when a child looks for an adapter: only what the driver needs, nothing of ours. The system's own
 * loader and drivers come first; the packed driver is added to them, never put in their place. A system loader older than 1.3.234
 * does not know `VK_ADD_DRIVER_FILES`, so the second try brings the packed loader too.
 */
export function driverEnvironments(
  driver: SoftwareDriver | undefined,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string>[] {
  if (driver === undefined) return [{ ...extra }]
  const added = { ...extra, VK_ADD_DRIVER_FILES: [extra.VK_ADD_DRIVER_FILES, driver.manifest].filter(Boolean).join(':') }
  const ownLoader = { ...added, LD_LIBRARY_PATH: [extra.LD_LIBRARY_PATH, driver.directory].filter(Boolean).join(':') }
  return LOADER_PATHS.some(existsSync) ? [added, ownLoader] : [ownLoader]
}

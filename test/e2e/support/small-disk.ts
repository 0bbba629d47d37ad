import { spawnSync } from 'node:child_process'

/** Runs the rest as root of a user namespace of its own, with a small disk mounted on the directory, which must be there. */
export function onSmallDisk(path: string, megabytes: number): string[] {
  const script = `mount -t tmpfs -o size=${megabytes}m none "${path}" && exec "$@"`
  return ['unshare', '-rm', 'sh', '-c', script, 'sh']
}

/** False where this system lets nobody mount one. */
export function canMount(): boolean {
  const [unshare = '', ...args] = onSmallDisk('/mnt', 1)
  return spawnSync(unshare, [...args, 'true']).status === 0
}

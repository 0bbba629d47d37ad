import type { Logger } from '../log.ts'
import type { Vault } from '../ports.ts'
import { openKeyValueStore } from './key-values-node.ts'

const IF_LOST = 'what was committed and not opened stays closed, and Jobs that were held here are held no more'

/** A vault on disk in `directory`. Throws DataDirectoryInUseError, DiskFullError, StoreFailedError. */
export async function openVault(directory: string, logger: Logger): Promise<Vault & { close(): Promise<void> }> {
  const store = await openKeyValueStore({ path: directory, name: 'vault', ifLost: IF_LOST, logger })
  const keyOf = (scope: string, key: string) => `${encodeURIComponent(scope)}|${encodeURIComponent(key)}`
  return {
    put: (scope, key, value) => store.put(keyOf(scope, key), Buffer.from(value).toString('base64')),
    async get(scope, key) {
      const wanted = keyOf(scope, key)
      for await (const [found, value] of store.entries(wanted)) if (found === wanted) return new Uint8Array(Buffer.from(value, 'base64'))
      return undefined
    },
    async drop(scope) {
      const keys: string[] = []
      for await (const [key] of store.entries(`${encodeURIComponent(scope)}|`)) keys.push(key)
      await store.delete(keys)
    },
    close: () => store.close(),
  }
}

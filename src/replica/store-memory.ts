import type { Store } from './store.ts'

/** A store that lives as long as the page or the process: for browsers and tests. */
export function createMemoryStore(): Store {
  const map = new Map<string, Uint8Array>()
  return {
    async write(operations) {
      for (const operation of operations) {
        if (operation.type === 'put') map.set(operation.key, operation.value.slice())
        else map.delete(operation.key)
      }
    },
    async getMany(keys) {
      return keys.map((key) => map.get(key))
    },
    async *range(prefix) {
      const keys = [...map.keys()].filter((key) => key.startsWith(prefix)).sort()
      for (const key of keys) {
        const value = map.get(key)
        if (value !== undefined) yield [key, value]
      }
    },
    async close() {},
  }
}

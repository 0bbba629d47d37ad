import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transaction } from 'ethers'
import { z } from 'zod'
import { makeDirectory } from '../directories-node.ts'
import type { Logger } from '../log.ts'
import type { WalletAddress } from '../ports.ts'
import { writeWhole } from './devnet/files.ts'
import type { Journal, KeptTransaction } from './sender/journal.ts'

const schema = z.strictObject({
  format: z.literal('minga-sent/1'),
  intent: z.string(),
  name: z.string(),
  nonce: z.int().min(0),
  raws: z.array(z.string()).min(1),
})

/** A journal in a directory, a file a transaction. What cannot be read there is left alone, with a warning. */
export function createFileJournal(
  { logger }: { logger: Logger },
  { directory, chainId, wallet }: { directory: string; chainId: number; wallet: WalletAddress },
): Journal {
  const prefix = `${chainId}-${wallet}-`
  const pathOf = (nonce: number) => join(directory, `${prefix}${nonce}.json`)
  const read = async (name: string): Promise<KeptTransaction[]> => {
    const path = join(directory, name)
    try {
      const { format: _, ...kept } = schema.parse(JSON.parse(await readFile(path, 'utf8')))
      return kept.raws.every((raw) => isOurs(raw, kept.nonce)) ? [kept] : []
    } catch (error) {
      logger.warn('a transaction that was kept cannot be read', { path, error })
      return []
    }
  }
  const isOurs = (raw: string, nonce: number) => {
    const found = Transaction.from(raw)
    return found.from === wallet && found.chainId === BigInt(chainId) && found.nonce === nonce
  }
  return {
    async left() {
      const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return []
        throw error
      })
      const ours = names.filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
      return (await Promise.all(ours.map(read))).flat().sort((a, b) => a.nonce - b.nonce)
    },
    async keep(kept) {
      await makeDirectory(directory, { mode: 0o700 })
      await writeWhole(pathOf(kept.nonce), `${JSON.stringify({ format: 'minga-sent/1', ...kept })}\n`)
    },
    drop: (nonce) => rm(pathOf(nonce), { force: true }),
  }
}

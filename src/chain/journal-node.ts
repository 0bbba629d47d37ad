import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { keccak256, Transaction } from 'ethers'
import { z } from 'zod'
import { makeDirectory } from '../directories-node.ts'
import { readPlainFile } from '../plain-file-node.ts'
import type { WalletAddress } from '../ports.ts'
import { writeWhole } from './devnet/files.ts'
import { JournalUnreadableError } from './errors.ts'
import type { Journal, KeptTransaction } from './sender/journal.ts'

const schema = z.strictObject({
  format: z.literal('minga-sent/1'),
  intent: z.string(),
  name: z.string(),
  nonce: z.int().min(0),
  raws: z.array(z.string()).min(1),
})

/** Twenty versions of a bond with its permit take thirty thousand. */
const MAX_FILE_BYTES = 1024 * 1024

/** A journal in a directory, a file a transaction, so that two processes of one wallet leave each other's alone. */
export function createFileJournal({ directory, chainId, wallet }: { directory: string; chainId: number; wallet: WalletAddress }): Journal {
  const prefix = `${chainId}-${wallet}-`
  // By what was signed first: dearer versions come into the same file.
  const pathOf = ({ nonce, raws }: Pick<KeptTransaction, 'nonce' | 'raws'>) =>
    join(directory, `${prefix}${nonce}-${keccak256(raws[0]!).slice(2, 18)}.json`)
  const read = async (name: string): Promise<KeptTransaction[]> => {
    const path = join(directory, name)
    const text = await readPlainFile(path, { maxBytes: MAX_FILE_BYTES }).catch((error: NodeJS.ErrnoException) => {
      // Another process has just seen its end.
      if (error.code === 'ENOENT') return undefined
      throw new JournalUnreadableError(path, error.code ?? String(error), error)
    })
    return text === undefined ? [] : [parse(path, text.toString('utf8'))]
  }
  const parse = (path: string, text: string): KeptTransaction => {
    try {
      const { format: _, ...kept } = schema.parse(JSON.parse(text))
      if (kept.raws.every((raw) => isOurs(raw, kept.nonce))) return kept
    } catch (error) {
      throw new JournalUnreadableError(path, 'a damaged or foreign file', error)
    }
    throw new JournalUnreadableError(path, 'a transaction of another wallet, chain or nonce')
  }
  const isOurs = (raw: string, nonce: number) => {
    const found = Transaction.from(raw)
    return found.from === wallet && found.chainId === BigInt(chainId) && found.nonce === nonce
  }
  return {
    async left() {
      const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return []
        throw new JournalUnreadableError(directory, error.code ?? String(error), error)
      })
      const ours = names.filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
      return (await Promise.all(ours.map(read))).flat().sort((a, b) => a.nonce - b.nonce)
    },
    async keep(kept) {
      await makeDirectory(directory, { mode: 0o700 })
      await writeWhole(pathOf(kept), `${JSON.stringify({ format: 'minga-sent/1', ...kept })}\n`)
      await syncDirectory(directory)
    },
    drop: (kept) => rm(pathOf(kept), { force: true }),
  }
}

/** So that the file's name is there after a power cut, too. Windows opens no directories, and keeps their entries itself. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

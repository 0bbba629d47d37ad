import { chmod, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeDirectory } from '../directories-node.ts'
import { readPlainFile } from '../plain-file-node.ts'
import { randomWalletKey, walletAddress } from './wallet.ts'
import { WalletFileError } from './wire-errors.ts'

export interface Wallet {
  /** EIP-55 checksummed. */
  address: string
  /** 32 bytes; never logged, never sent. */
  key: Uint8Array
}

/** A key takes 67; more is another file. */
const MAX_FILE_BYTES = 4_096

/**
 * The wallet whose key is in the file at `path` (64 hexadecimal digits, `0x` before them or not); where there is no file one is made, mode 0600, unless
 * `mustExist`. Throws WalletFileError; a damaged file is never replaced.
 */
export async function loadWallet(path: string, { mustExist = false } = {}): Promise<Wallet> {
  const text = await read(path)
  if (text !== undefined) return parse(path, text)
  if (mustExist) throw new WalletFileError(path, 'missing')
  return make(path)
}

async function read(path: string): Promise<string | undefined> {
  try {
    const text = (await readPlainFile(path, { maxBytes: MAX_FILE_BYTES })).toString('utf8')
    // A copy or a backup may have opened it to others.
    if (process.platform !== 'win32') await chmod(path, 0o600)
    return text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new WalletFileError(path, 'unreadable', error)
  }
}

function parse(path: string, text: string): Wallet {
  const hex = /^\s*(?:0x)?([0-9a-fA-F]{64})\s*$/.exec(text)?.[1]
  // No cause: it would carry the key.
  if (hex === undefined) throw new WalletFileError(path, 'corrupt')
  const key = new Uint8Array(Buffer.from(hex, 'hex'))
  try {
    return { address: walletAddress(key), key }
  } catch {
    throw new WalletFileError(path, 'corrupt')
  }
}

async function make(path: string): Promise<Wallet> {
  const key = randomWalletKey()
  try {
    await makeDirectory(dirname(path), { mode: 0o700 })
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(`0x${Buffer.from(key).toString('hex')}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return loadWallet(path)
    throw new WalletFileError(path, 'unwritable', error)
  }
  return { address: walletAddress(key), key }
}

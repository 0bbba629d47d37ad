import { randomBytes } from 'node:crypto'
import { chmod, link, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { makeDirectory } from '../directories-node.ts'
import { readPlainFile } from '../plain-file-node.ts'
import { IdentityFileError } from './errors.ts'
import { ED25519_KEY_BYTES, type Identity } from './identity.ts'
import { createSigner } from './signatures-node.ts'

/** The peer id stands beside the secret to find a damaged file: a flipped bit would make us another peer without a word. */
const fileSchema = z.strictObject({
  version: z.literal(1),
  type: z.literal('ed25519'),
  secret: z.string().regex(/^[0-9a-f]{64}$/),
  peer: z.string(),
})

/** An identity file has about 200 bytes; whatever is longer is another file. */
const MAX_FILE_BYTES = 4096
const OWNER_ONLY = 0o600
const OTHERS = 0o077

/** The identity of a 32-byte Ed25519 secret. Throws IdentityFileError for another length. */
export function identityOf(privateKey: Uint8Array): Identity {
  if (privateKey.byteLength !== ED25519_KEY_BYTES) {
    throw new IdentityFileError('the configuration', 'bad-key', `a secret of ${privateKey.byteLength} bytes`)
  }
  const signer = createSigner(privateKey)
  return { privateKey, publicKey: signer.publicKey, peer: signer.peer, signer }
}

/** A new identity that is kept nowhere. */
export function randomIdentity(): Identity {
  return identityOf(randomBytes(ED25519_KEY_BYTES))
}

/**
 * The identity kept in the file at `path`; where there is none both are made, unless `mustExist`: a mistyped path would make another peer
 * without a word. Throws IdentityFileError; a damaged file is never replaced.
 */
export async function loadIdentity(path: string, { mustExist = false } = {}): Promise<Identity> {
  const text = await read(path)
  if (text !== undefined) return parse(path, text)
  if (mustExist) throw new IdentityFileError(path, 'missing', 'nothing there')
  const identity = randomIdentity()
  return (await create(path, identity)) ? identity : await loadIdentity(path)
}

async function read(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path)
    // A copy or a backup may have opened it to others.
    if ((mode & OTHERS) !== 0 && process.platform !== 'win32') await chmod(path, OWNER_ONLY)
    return (await readPlainFile(path, { maxBytes: MAX_FILE_BYTES })).toString('utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    if ((error as { size?: number }).size !== undefined) throw new IdentityFileError(path, 'corrupt', `a file of ${codeOf(error)}`)
    throw new IdentityFileError(path, 'unreadable', `that it cannot be read (${codeOf(error)})`, error)
  }
}

function parse(path: string, text: string): Identity {
  const result = fileSchema.safeParse(tryJson(text))
  // The cause would carry the file's content, and with it the secret.
  if (!result.success) throw new IdentityFileError(path, 'corrupt', 'a damaged or foreign file')
  const identity = identityOf(Buffer.from(result.data.secret, 'hex'))
  if (identity.peer !== result.data.peer) throw new IdentityFileError(path, 'corrupt', 'a secret that is not the one of its peer id')
  return identity
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Writes beside and renames, so that a crash leaves the old state or the new; false where another process was first. */
async function create(path: string, identity: Identity): Promise<boolean> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  const secret = Buffer.from(identity.privateKey).toString('hex')
  const text = `${JSON.stringify({ version: 1, type: 'ed25519', secret, peer: identity.peer })}\n`
  try {
    await makeDirectory(dirname(path))
    await writeDurably(draft, text)
    return await publish(draft, path)
  } catch (error) {
    throw new IdentityFileError(path, 'unwritable', `that it cannot be written (${codeOf(error)})`, error)
  } finally {
    await rm(draft, { force: true }).catch(() => {})
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A second process that starts at the same moment must not overwrite the first one’s secret: a hard link fails where a file is. */
async function publish(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    // File systems without hard links.
    await rename(draft, path)
    return true
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataDirectoryInUseError } from '../errors.ts'
import type { Context } from './context.ts'
import { loadClient } from './core.ts'
import type { CliClient } from './ports.ts'

/** Runs `use` with a connected client and closes it in any case. */
export async function withClient<T>(
  context: Pick<Context, 'config' | 'logger' | 'signal'>,
  use: (client: CliClient) => Promise<T>,
): Promise<T> {
  const logger = await context.logger('warn')
  const createClient = await loadClient()
  const client = await createClient({ config: context.config, logger, signal: context.signal })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

/**
 * The same for a command that only looks, and need not be the one who placed: where another command of this user is at work in the data directory, as
 * `place --watch`, it looks with an identity of its own, of which nothing stays.
 */
export async function withReader<T>(context: Context, use: (client: CliClient) => Promise<T>): Promise<T> {
  try {
    return await withClient(context, use)
  } catch (error) {
    if (!(error instanceof DataDirectoryInUseError)) throw error
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'minga-reader-'))
  try {
    return await withClient({ ...context, config: { ...context.config, dataDir } }, use)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

import type { Context } from './context.ts'
import { loadClient } from './core.ts'
import type { CliClient } from './ports.ts'

/** Runs `use` with a connected client and closes it in any case. */
export async function withClient<T>(context: Context, use: (client: CliClient) => Promise<T>): Promise<T> {
  const logger = await context.logger('warn')
  const createClient = await loadClient()
  const client = await createClient({ config: context.config, logger, signal: context.signal })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

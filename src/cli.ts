#!/usr/bin/env node
import { launch } from './launcher.ts'

await launch(import.meta.url, async () => (await import('./cli/main.ts')).main(process.argv.slice(2)))

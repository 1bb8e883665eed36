#!/usr/bin/env node
// Plain JavaScript that any Node can parse: an old one must get as far as the message below.
import { existsSync } from 'node:fs'

const needed = [20, 19]
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(
    `Hone needs Node ${needed.join('.')} or newer; this is Node ${process.versions.node} (${process.execPath}).`,
  )
  console.error('  → Install a current Node (https://nodejs.org), or switch to one, e.g. `nvm install 22`.')
  process.exit(1)
}

// A clone runs from its sources; an installed package has only dist/.
const sources = new URL('../cli/main.ts', import.meta.url)
const built = new URL('../dist/cli/main.js', import.meta.url)
const entry = existsSync(sources) ? sources : built

if (!existsSync(entry)) {
  console.error('Hone is neither built nor are its sources here.')
  console.error('  → Run `npm run build`, or install the package again.')
  process.exit(1)
}

if (entry === sources) {
  const { register } = await import('tsx/esm/api').catch((error) => {
    console.error(`Hone's dependencies are not installed (${error.code ?? error.message}).`)
    console.error('  → Run `npm ci` in the clone.')
    process.exit(1)
  })
  register()
}

// Exit by exit code, not by exit(): what is still being written to a pipe must get through.
const { main } = await import(entry.href)
process.exitCode = await main(process.argv.slice(2))

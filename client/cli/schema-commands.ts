import { resolve } from 'node:path';
import { Command } from 'commander';
import type { SchemaForm } from '../schema/print.ts';
import type { Cli } from './cli.ts';
import { say } from './context.ts';
import { exitCodes } from './exit-codes.ts';

const commands: readonly { readonly name: string; readonly form: SchemaForm; readonly description: string }[] = [
  { name: 'generate-json-schema', form: 'json', description: 'print the protocol as JSON Schema, one file a shape' },
  { name: 'generate-ts', form: 'typescript', description: 'print the protocol as TypeScript types, one file a type' },
];

/** `codex app-server generate-…`: the declarations of the wire, for whoever writes a client. */
export function schemaCommands({ context, finish }: Cli): Command[] {
  return commands.map(({ name, form, description }) =>
    new Command(name)
      .description(description)
      .requiredOption('-o, --out <dir>', 'folder to write to')
      .option('--experimental', 'also what the reference calls experimental, and what only this daemon has')
      .addHelpText('after', `\nExamples:\n  codex app-server ${name} --out schema --experimental`)
      .action(async ({ out, experimental }: { readonly out: string; readonly experimental?: boolean }) => {
        const { printSchemas } = await context.loadPrinter();
        const folder = resolve(context.cwd, out);
        say(context, `wrote ${printSchemas(form, folder, experimental === true)} files to ${folder}`);
        finish(exitCodes.ok);
      }),
  );
}

import type { FoundFile } from '../../machines/protocol/methods/file-search.ts';
import { type Composer, withText } from './composer/composer.ts';
import { type Mention, mentionAt, mentionPath } from './composer/mention.ts';
import type { Model } from './model.ts';
import { type SlashCommand, slashCommands } from './slash-commands.ts';

/** What the daemon has found for an `@…`. */
export interface FileSearch {
  /** What was looked for; what is typed may have gone on since. */
  readonly query: string;
  readonly found: readonly FoundFile[];
  /** Whether everything was looked through. */
  readonly isComplete: boolean;
  /** Why there is nothing to be had, or null. */
  readonly problem: string | null;
}

/** One row of the popup above the composer. */
export type Offer =
  | { readonly kind: 'command'; readonly command: SlashCommand }
  | { readonly kind: 'file'; readonly file: FoundFile };

type Typing = Pick<Model, 'composer' | 'completion'>;

const isOpen = ({ composer, completion }: Typing): boolean => !completion.isClosed && composer.browsing === null;

/** The `@…` that files are looked for, or null; not once Esc closed the popup. An observer sends nothing to name files in. */
export function openMention(model: Typing & Pick<Model, 'role'>): Mention | null {
  return isOpen(model) && model.role === 'operator' ? mentionAt(model.composer) : null;
}

/** What can be taken for what is typed. */
export function offersOf(model: Model): readonly Offer[] {
  const commands = commandsFor(model);
  if (commands.length > 0) return commands.map((command) => ({ kind: 'command', command }));
  if (openMention(model) === null) return [];
  return (model.files?.found ?? []).map((file) => ({ kind: 'file', file }));
}

/** The commands for a first word; none once a blank follows the name. */
function commandsFor(model: Model): readonly SlashCommand[] {
  const typed = /^\/([a-z-]*)$/.exec(model.composer.text)?.[1];
  if (typed === undefined || !isOpen(model)) return [];
  return slashCommands.filter(({ name }) => name.startsWith(typed));
}

/** The place of the chosen offer; files that come later may have shortened the list. */
export const chosenAt = (model: Model, offers: readonly Offer[]): number =>
  Math.max(0, Math.min(model.completion.chosen, offers.length - 1));

export function chosenOffer(model: Model): Offer | null {
  const offers = offersOf(model);
  return offers[chosenAt(model, offers)] ?? null;
}

/** The composer with an offer taken. */
export function takeOffer({ composer }: Model, offer: Offer): Composer {
  if (offer.kind === 'command') return withText(composer, `/${offer.command.name} `);
  const mention = mentionAt(composer);
  return mention === null ? composer : mentionPath(composer, mention, pathOf(offer.file));
}

/** As it is shown and put in: a folder ends with a slash. */
export const pathOf = ({ path, match_type }: FoundFile): string => (match_type === 'directory' ? `${path}/` : path);

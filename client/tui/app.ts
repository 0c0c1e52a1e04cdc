import { randomUUID } from 'node:crypto';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import type { DaemonLink, FollowedThread, LinkState, UnthreadedNotification } from '../connection/link.ts';
import { openMention } from './completion.ts';
import { expand } from './composer/paste.ts';
import { DraftKeeper } from './draft-keeper.ts';
import { type EffectDeps, runEffect } from './effects.ts';
import { FileSearcher } from './file-searcher.ts';
import { startFrameTimer } from './frames.ts';
import type { InputStream } from './input/reader.ts';
import { createModel, type Message, type Model, runningTurn } from './model.ts';
import type { OutputStream } from './screen.ts';
import type { Seat } from './seat.ts';
import { type Terminal, takeTerminal } from './terminal.ts';
import { update } from './update.ts';
import { showQuestion } from './update-link.ts';
import { viewFrame } from './view/frame.ts';
import { SPINNER_MS } from './view/status-line.ts';

export interface TuiOptions {
  readonly link: DaemonLink;
  readonly threadId: string;
  /** Sent at once, or null. */
  readonly initialPrompt: string | null;
  readonly role: 'operator' | 'observer';
  readonly cwd: string;
  /** Lines for the top of the transcript. */
  readonly notices: readonly string[];
  readonly input: InputStream;
  readonly output: OutputStream;
  /** NO_COLOR, TERM and HOME are read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly seat: Seat;
  /** Makes another thread with the settings of this command line; answers with its id. */
  readonly newThread: () => Promise<string>;
  /** Shows an address in a browser, if one can be had. */
  readonly openUrl: (url: string) => void;
}

export interface TuiExit {
  /** The thread that was shown last. */
  readonly threadId: string;
  /** Whether there is something to come back to: a thread that never got a prompt goes with its last client. */
  readonly isKept: boolean;
  readonly reason: 'quit' | 'linkClosed';
  /** What the user should still be told (a turn that goes on, a text that was not sent), or null. */
  readonly message: string | null;
}

/** How long leaving waits for the daemon to hear of it. */
const STOP_LIMIT_MS = 500;

/**
 * Shows a thread until the user leaves. The terminal is restored when the promise settles, and also when the process
 * is ended by a signal or an uncaught exception.
 * @throws RpcError when the thread cannot be followed; whatever was uncaught meanwhile
 */
export async function runTui(options: TuiOptions): Promise<TuiExit> {
  return new Tui(options).run();
}

/** OSC 52: terminals that know it put the text into the clipboard, also over ssh. */
const clipboardSequence = (text: string): string => `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`;

/** The loop: message, update, effects, frame. */
class Tui {
  private model: Model | null = null;
  private followed: FollowedThread | null = null;
  private terminal: Terminal | null = null;
  private ticker: NodeJS.Timeout | undefined;
  private finish: (exit: TuiExit) => void = () => undefined;
  private readonly frames = startFrameTimer(() => this.draw());
  private readonly effectDeps: EffectDeps;
  private readonly drafts: DraftKeeper;
  private readonly files: FileSearcher;

  constructor(private readonly options: TuiOptions) {
    const { link } = options;
    const dispatch = (message: Message): void => this.dispatch(message);
    this.drafts = new DraftKeeper(link);
    this.files = new FileSearcher({ link, randomId: randomUUID, dispatch });
    this.effectDeps = {
      link,
      threadId: () => this.model?.threadId ?? options.threadId,
      dispatch,
      randomId: randomUUID,
      openThread: (threadId) => this.openThread(threadId),
      newThread: options.newThread,
      redraw: () => this.terminal?.screen.forget(),
      openUrl: options.openUrl,
      copy: (text) => this.terminal?.screen.write(clipboardSequence(text)),
      quit: (message) => this.leave('quit', message),
    };
  }

  async run(): Promise<TuiExit> {
    const { link, threadId, initialPrompt } = this.options;
    this.followed = await this.follow(threadId);
    const stopState = link.onState((state) => this.onLinkState(state));
    const stopGlobal = link.onGlobal((notification) => this.onGlobal(notification));
    try {
      return await new Promise<TuiExit>((resolve, reject) => {
        this.finish = resolve;
        this.open(this.followed?.current, reject);
        if (initialPrompt !== null) this.dispatch({ type: 'promptGiven', text: initialPrompt });
        if (link.state.kind === 'closed') this.onLinkState(link.state);
      });
    } finally {
      stopState();
      stopGlobal();
      this.close();
      await this.stopFollowing();
    }
  }

  private open(snapshot: ThreadSnapshot | undefined, reject: (error: unknown) => void): void {
    if (snapshot === undefined) return;
    const { link, threadId, role, cwd, notices, env, seat, input, output } = this.options;
    this.terminal = takeTerminal({
      input,
      output,
      env,
      onEvent: (event) => this.dispatch({ type: 'input', event, atMs: Date.now() }),
      onResize: (size) => this.dispatch({ type: 'resized', size }),
      onEnd: (why) => this.leave('quit', why),
      onCrash: reject,
    });
    const { state, clientId } = link;
    const size = this.terminal.screen.size();
    const home = env.HOME ?? null;
    const nowMs = Date.now();
    const start = { threadId, snapshot, role, cwd, home, notices, link: state, clientId, seat, size, nowMs };
    this.model = showQuestion(createModel(start));
    this.changed();
    runEffect({ type: 'loadAccount', because: 'start' }, this.effectDeps);
    if (role === 'operator') runEffect({ type: 'takeDraft' }, this.effectDeps);
  }

  private dispatch(message: Message): void {
    if (this.model === null) return;
    const [next, effects] = update(this.model, message);
    this.model = next;
    for (const effect of effects) runEffect(effect, this.effectDeps);
    if (next.role === 'operator') this.drafts.note(next.threadId, expand(next.composer));
    this.files.note(next.snapshot.settings.cwd, openMention(next)?.query ?? null);
    this.changed();
  }

  private follow(threadId: string): Promise<FollowedThread> {
    return this.options.link.follow(threadId, {
      role: this.options.role,
      onUpdate: (step) => this.dispatch({ type: 'threadUpdated', threadId, update: step, nowMs: Date.now() }),
    });
  }

  private async openThread(threadId: string): Promise<void> {
    const next = await this.follow(threadId);
    const left = this.followed;
    this.followed = next;
    this.dispatch({ type: 'threadOpened', threadId, snapshot: next.current });
    await left?.stop();
  }

  private onLinkState(state: LinkState): void {
    this.dispatch({ type: 'linkChanged', state, clientId: this.options.link.clientId });
    if (state.kind === 'closed') this.leave('linkClosed', state.why);
  }

  private onGlobal(notification: UnthreadedNotification): void {
    const { method, params } = notification;
    if (method === 'daemon/stopping')
      this.dispatch({ type: 'noted', text: `the daemon stops: ${params.reason}`, style: 'warning' });
    if (method === 'account/state') this.dispatch({ type: 'accountChanged', state: params });
    const loginId = method === 'account/login/completed' ? params.loginId : null;
    if (method === 'account/login/completed' && loginId !== null)
      this.dispatch({ type: 'loginEnded', end: { ...params, loginId } });
    if (method === 'fuzzyFileSearch/sessionUpdated' || method === 'fuzzyFileSearch/sessionCompleted')
      this.files.take(notification);
  }

  /** Ends the loop, with what the user should still know. */
  private leave(reason: TuiExit['reason'], why: string | null): void {
    if (this.model === null) return;
    const { threadId, snapshot, composer, echoes, signIn } = this.model;
    const loginId = signIn.attempt?.started?.loginId;
    if (loginId !== undefined) runEffect({ type: 'cancelLogin', loginId }, this.effectDeps);
    const isRunning = runningTurn(this.model) !== null;
    const unsent = [...(reason === 'linkClosed' ? echoes.map(({ text }) => text) : []), expand(composer)]
      .join('\n')
      .trim();
    const lines = [
      why,
      isRunning ? 'The turn goes on in the daemon.' : null,
      unsent === '' ? null : `Not sent: ${unsent}`,
    ].filter((line) => line !== null);
    const isKept = snapshot.thread.turns.length > 0 || snapshot.queue.length > 0 || unsent !== '';
    this.finish({ threadId, isKept, reason, message: lines.length === 0 ? null : lines.join('\n') });
  }

  /** A frame is due, and a clock as long as something on the screen moves by itself. */
  private changed(): void {
    const { model } = this;
    if (model === null || this.terminal === null) return;
    this.frames.request();
    const hasHint = model.hint !== null && model.hint.untilMs > model.nowMs;
    const isWaiting = model.link.kind === 'reconnecting' || model.signIn.attempt !== null;
    const moves = runningTurn(model) !== null || isWaiting || hasHint;
    if (!moves) {
      clearInterval(this.ticker);
      this.ticker = undefined;
    } else this.ticker ??= setInterval(() => this.dispatch({ type: 'ticked', nowMs: Date.now() }), SPINNER_MS);
  }

  private draw(): void {
    if (this.model !== null) this.terminal?.screen.draw(viewFrame(this.model));
  }

  private close(): void {
    this.frames.stop();
    clearInterval(this.ticker);
    this.terminal?.restore();
    this.terminal = null;
    this.model = null;
  }

  private async stopFollowing(): Promise<void> {
    if (this.options.link.state.kind !== 'connected') return;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_LIMIT_MS);
    });
    await Promise.race([this.followed?.stop().catch(() => undefined), limit]);
    clearTimeout(timer);
  }
}

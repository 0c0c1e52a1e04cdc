import { createApproval } from './approval.ts';
import { createElicitation } from './elicitation.ts';
import { createHelp } from './help.ts';
import { createLogin } from './login.ts';
import { createMcp } from './mcp.ts';
import { createModelPicker } from './model-picker.ts';
import type { Overlay, OverlayId } from './overlay.ts';
import { createPager } from './pager.ts';
import { createPlanOffer } from './plan-offer.ts';
import { createQueue } from './queue.ts';
import { createStatus } from './status.ts';
import { createThreadPicker } from './thread-picker.ts';
import { createUserInput } from './user-input.ts';
import { createWho } from './who.ts';

/** Every overlay there is, by id. */
export const overlays = {
  approval: createApproval,
  elicitation: createElicitation,
  help: createHelp,
  login: createLogin,
  mcp: createMcp,
  modelPicker: createModelPicker,
  pager: createPager,
  planOffer: createPlanOffer,
  queue: createQueue,
  status: createStatus,
  threadPicker: createThreadPicker,
  userInput: createUserInput,
  who: createWho,
} satisfies Record<OverlayId, (...inputs: never[]) => Overlay>;

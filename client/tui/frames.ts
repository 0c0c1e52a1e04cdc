/** Draws at most this often, however often something changes. */
const FRAME_MS = 16;

export interface FrameTimer {
  /** Something changed: a frame is drawn soon. */
  request(): void;
  stop(): void;
}

/** Coalesces changes into frames: the first is drawn at once, others after the pause. */
export function startFrameTimer(draw: () => void): FrameTimer {
  let timer: NodeJS.Timeout | undefined;
  let lastDrawnAt = 0;
  const run = (): void => {
    timer = undefined;
    draw();
    lastDrawnAt = performance.now();
  };
  return {
    request() {
      timer ??= setTimeout(run, Math.max(0, FRAME_MS - (performance.now() - lastDrawnAt)));
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

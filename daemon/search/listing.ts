/** One look through some folders. */
export interface Listing {
  readonly lists: readonly number[];
  /** Settles when everything was looked through. */
  readonly done: Promise<void>;
  /** Ends it and forgets what was found. */
  readonly end: () => void;
}

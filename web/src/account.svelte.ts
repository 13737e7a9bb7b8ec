/** Who is signed in, asked once and again after signing in or out. */

import * as api from './api';
import type { Account, Capabilities, Preset, Problem } from './wire';

class Caller {
  account = $state.raw<Account | null>(null);
  /** Known once the service has answered either way. */
  known = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** What the service takes and makes, once it is known who asks. */
  capabilities = $state.raw<Capabilities | null>(null);
  presets = $state.raw<Preset[]>([]);

  get isOperator(): boolean {
    return this.account?.roles.includes('operator') ?? false;
  }

  constructor() {
    api.signedOut.addEventListener('signed-out', () => (this.account = null));
  }

  async ask(): Promise<void> {
    this.problem = null;
    try {
      [this.account, this.capabilities, this.presets] = await Promise.all([
        api.account(),
        api.capabilities(),
        api.presets(),
      ]);
      this.known = true;
    } catch (error) {
      this.account = null;
      this.known = error instanceof api.ApiError && error.status === 401;
      if (!this.known) this.problem = api.asProblem(error);
    }
  }

  async signOut(): Promise<void> {
    await api.closeSession();
    this.account = null;
  }
}

export const caller = new Caller();

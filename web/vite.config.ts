import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const service = process.env.MIXRUNNERS_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    // The first versions with light-dark() and registered colour properties, on which the tokens rest.
    target: ['chrome123', 'firefox128', 'safari17.5'],
    // Fonts and pictures stay files: the content security policy forbids data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/v1': service } },
  test: { include: ['src/**/*.test.ts'] },
});

import arkws from 'arkws/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [arkws()],
  test: { include: ['test/**/*.test.ts'] },
});

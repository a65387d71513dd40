import { createApp } from '@backstage/frontend-defaults';
import catalogPlugin from '@backstage/plugin-catalog/alpha';
import catalogImportPlugin from '@backstage/plugin-catalog-import/alpha';
import unprocessedEntitiesPlugin from '@backstage/plugin-catalog-unprocessed-entities/alpha';
import devToolsPlugin from '@backstage/plugin-devtools/alpha';
import ReactDOM from 'react-dom/client';
import '@backstage/ui/css/styles.css';

const container = document.getElementById('root');
if (!container) {
  throw new Error('index.html has no element with the id "root"');
}

const app = createApp({
  features: [
    catalogPlugin,
    catalogImportPlugin,
    devToolsPlugin,
    unprocessedEntitiesPlugin,
  ],
});

ReactDOM.createRoot(container).render(app.createRoot());

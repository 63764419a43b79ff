// Starts what the page holds. Every feature finds its elements by a data attribute and does nothing without
// them; each page is complete and readable before any of this runs.

import {startCatalogue} from "./catalogue.js";
import {startChooser} from "./chooser.js";
import {startCode} from "./code.js";
import {startCompare} from "./compare.js";
import {startPick} from "./experiment.js";
import {startGlossary} from "./glossary.js";
import {startMap} from "./map.js";
import {startOffline} from "./offline.js";
import {keepStateInOtherLanguages} from "./page.js";
import {startPlanner} from "./planner.js";
import {startProgressPage} from "./progress.js";
import {startQuiz} from "./quizzes.js";
import {startReferences} from "./references.js";
import {startSearch} from "./search.js";
import {startTable} from "./tables.js";
import {startTicks} from "./ticks.js";
import {startTooltips} from "./tooltips.js";
import {startTopics} from "./topics.js";

const FEATURES = {
  "[data-mm-glossary]": startGlossary,
  "[data-mm-references]": startReferences,
  "[data-mm-quiz]": startQuiz,
  "#mm-glosses": startTooltips,
  "[data-mm-search]": startSearch,
  "[data-mm-map]": startMap,
  "[data-mm-topics]": startTopics,
  ".md-typeset .highlight": startCode,
  "[data-mm-catalogue]": startCatalogue,
  "[data-mm-compare]": startCompare,
  "[data-mm-planner]": startPlanner,
  "[data-mm-root]": startTicks,
  "[data-mm-offline]": startOffline,
  "[data-mm-chooser]": startChooser,
  "[data-mm-sortable]": startTable,
  "[data-mm-pick]": startPick,
  "[data-mm-progress-page]": startProgressPage,
};

for (const [selector, start] of Object.entries(FEATURES)) {
  for (const element of document.querySelectorAll(selector)) start(element);
}
keepStateInOtherLanguages();
document.documentElement.classList.add("mm-js");

package io.github.repdesk.client

import kotlin.time.Duration.Companion.seconds

/** No wait lasts longer, on a machine however busy. */
internal val DEADLINE = 60.seconds

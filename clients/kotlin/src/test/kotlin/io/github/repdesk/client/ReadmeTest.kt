package io.github.repdesk.client

import java.io.File
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ReadmeTest {
    @Test
    fun `the README's beginning is the code that runs`() {
        val code = File("src/test/kotlin/io/github/repdesk/client/FirstInvitation.kt").readText().substringAfter("\n\n").substringAfter("\n\n")
        assertTrue("```kotlin\n$code```" in File("README.md").readText())
    }
}

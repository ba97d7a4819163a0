package io.github.repdesk.client

import java.io.File
import kotlinx.serialization.Serializable

/** Reads the test vectors that all clients share. */
internal inline fun <reified T> vectors(name: String): T = json.decodeFromString(File("../testdata/$name").readText())

@Serializable
internal data class PushVectors(val cases: List<Case>, val any_order: List<AnyOrder>) {
    @Serializable
    data class Case(val name: String, val server_id: String, val rep_id: String, val steps: List<Step>, val shows: List<String>)

    @Serializable
    data class Step(val at: String, val data: Map<String, String>, val expect: Expected)

    @Serializable
    data class Expected(
        val action: String,
        val tag: String? = null,
        val title: String? = null,
        val body: String? = null,
        val ack: Boolean,
        val why: String? = null,
    )

    @Serializable
    data class AnyOrder(
        val name: String,
        val server_id: String,
        val rep_id: String,
        val at: String,
        val messages: List<Map<String, String>>,
        val shows: List<String>,
    )
}

@Serializable
internal data class StreamVectors(val cases: List<Case>) {
    @Serializable
    data class Case(val name: String, val chunks: List<String>, val events: List<Told>)

    @Serializable
    data class Told(val id: String? = null, val event: String, val data: String)
}

package io.github.repdesk.client

import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** The built program, which runs on one address and one database however often it is killed. */
internal class RunningServer(private val folder: File, private vararg val flags: String) : AutoCloseable {
    private val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
    private val log = File(folder, "log")
    private var process: Process? = null

    val url = "http://127.0.0.1:$port"

    /** Starts the program and waits until it listens. */
    fun start() {
        val organization = File(folder, "organization.yaml").apply { writeText(ORGANIZATION) }
        val started = ProcessBuilder(
            binary.path, "serve", "--listen", "127.0.0.1:$port", "--database", File(folder, "repdesk.db").path, "--org", organization.path, "--log-level", "warn", *flags,
        ).redirectError(ProcessBuilder.Redirect.appendTo(log)).start()
        process = started
        val said = CompletableFuture<Boolean>()
        Thread {
            started.inputStream.bufferedReader().useLines { lines -> lines.forEach { if (it.trimStart().startsWith("public")) said.complete(true) } }
            said.complete(false)
        }.apply { isDaemon = true }.start()
        check(said.get(DEADLINE.inWholeSeconds, TimeUnit.SECONDS)) { "The program did not start: ${log.readText()}" }
    }

    /** Ends the program without a word, as a power cut does. */
    fun kill() {
        val running = process ?: return
        running.destroyForcibly()
        check(running.waitFor(DEADLINE.inWholeSeconds, TimeUnit.SECONDS)) { "The program does not end." }
        process = null
    }

    override fun close() = kill()

    private companion object {
        const val ORGANIZATION = """
portals:
  - {slug: main, name: Main}
teams:
  - {slug: printers, name: Printers}
reps:
  - {username: ana, password: demo password, name: Ana Ruiz, teams: {printers: member}}
  - {username: ben, password: demo password, name: Ben Okafor, teams: {printers: member}}
"""

        /** The program that `REPDESK_BINARY` names, or one built of this checkout. */
        val binary: File by lazy {
            System.getenv("REPDESK_BINARY")?.takeIf { it.isNotBlank() }?.let(::File) ?: File("target/repdesk").absoluteFile.also { built ->
                val go = ProcessBuilder("go", "build", "-o", built.path, "./cmd/repdesk").directory(File("../..")).inheritIO().start()
                check(go.waitFor(9, TimeUnit.MINUTES) && go.exitValue() == 0) { "go build failed" }
            }
        }
    }
}

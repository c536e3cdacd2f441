# Misbehaviour to order. A rule replaces an answer, alters the real one, or
# takes over the socket, so that what is cut is cut at the level of TCP.

require "json"
require "zlib"
require "stringio"

module Procore
  class Faults
    REASONS = Rack::Utils::HTTP_STATUS_CODES

    def initialize(app, ledger)
      @app = app
      @ledger = ledger
      @lock = Mutex.new
      @last_token = nil
    end

    def call(env)
      rule = @ledger.rule_for(env["REQUEST_METHOD"], env["PATH_INFO"])
      return note_token(env, @app.call(env)) unless rule

      sleep rule["delay"] if rule["delay"]
      return take_over(env) if rule["close"]
      return take_over(env, [rule["raw"]]) if rule["raw"]

      status, headers, body = answer(env, rule)
      headers = with_headers(headers, rule["headers"] || {})
      return over_socket(env, rule, status, headers, body) if socket?(rule)

      [status, headers.merge("Content-Length" => body.bytesize.to_s), [body]]
    end

    private

    def answer(env, rule)
      if rule.key?("status") || rule.key?("body")
        status = rule.fetch("status", 200)
        headers = { "Content-Type" => "application/json; charset=utf-8" }
        body = rule.fetch("body", "")
        body = JSON.generate(body) unless body.is_a?(String)
      else
        status, headers, parts = note_token(env, @app.call(env))
        body = alter(join(parts), rule)
      end

      body += " " * rule["pad"] if rule["pad"]
      body = body.byteslice(0, rule["cut"]) if rule["cut"]
      if rule["gzip"]
        headers = headers.merge("Content-Encoding" => "gzip")
        body = gzip(body)
      end
      [status, headers, body]
    end

    def alter(body, rule)
      return body unless rule.keys.intersect?(%w[drop set repeat_token])

      data = JSON.parse(body)
      Array(rule["drop"]).each { |name| data.delete(name) }
      data.merge!(rule["set"] || {})
      data["access_token"] = @before_last if rule["repeat_token"]
      JSON.generate(data)
    end

    # A rule "repeat_token" hands the token of the answer before out again.
    def note_token(env, answer)
      return answer unless env["REQUEST_METHOD"] == "POST" &&
                           env["PATH_INFO"] == "/oauth/token" &&
                           answer[0] == 200

      body = join(answer[2])
      @lock.synchronize do
        @before_last = @last_token
        @last_token = JSON.parse(body)["access_token"]
      end
      [answer[0], answer[1], [body]]
    end

    def with_headers(headers, changes)
      headers = headers.reject do |name, _|
        changes.keys.any? { |other| other.casecmp?(name) } ||
          name.casecmp?("Content-Length")
      end
      changes.each do |name, value|
        headers[name] = Array(value).join("\n") unless value.nil?
      end
      headers
    end

    def socket?(rule)
      rule.keys.intersect?(%w[truncate chunked pieces no_length])
    end

    def over_socket(env, rule, status, headers, body)
      sent = rule["truncate"] ? body.byteslice(0, rule["truncate"]) : body
      parts = split(sent, rule.fetch("pieces", 1))
      lines = head(status, headers)

      if rule["chunked"]
        lines << "Transfer-Encoding: chunked"
        parts.map! { |part| format("%x\r\n%s\r\n", part.bytesize, part) }
        parts << "0\r\n\r\n" unless rule["truncate"]
      elsif !rule["no_length"]
        lines << "Content-Length: #{body.bytesize}"
      end
      lines << "Connection: close"

      take_over(env, [lines.join("\r\n") + "\r\n\r\n"] + parts,
                rule.fetch("pause", 0))
    end

    def head(status, headers)
      ["HTTP/1.1 #{status} #{REASONS.fetch(status, "Status")}"] +
        headers.flat_map do |name, value|
          value.to_s.split("\n").map { |line| "#{name}: #{line}" }
        end
    end

    def split(body, pieces)
      size = [(body.bytesize.to_f / pieces).ceil, 1].max
      (0...body.bytesize).step(size).map { |at| body.byteslice(at, size) }
    end

    def take_over(env, parts = [], pause = 0)
      socket = env["rack.hijack"].call
      parts.each_with_index do |part, i|
        sleep pause if i > 1
        socket.write(part)
        socket.flush
      end
      [200, {}, []]
    rescue SystemCallError
      [200, {}, []]
    ensure
      socket&.close
    end

    def join(parts)
      text = +""
      parts.each { |part| text << part }
      text
    ensure
      parts.close if parts.respond_to?(:close)
    end

    def gzip(text)
      out = StringIO.new
      Zlib::GzipWriter.wrap(out) { |writer| writer.write(text) }
      out.string
    end
  end
end

# What the tests ask about afterwards, and what they order beforehand: the
# installations, the requests that arrived, the rules for misbehaviour.

require "set"

module Procore
  class Ledger
    # Requests kept, the oldest go first: a bound on memory that no test
    # of a few thousand requests reaches.
    MAX_REQUESTS = 5_000

    def initialize
      @lock = Mutex.new
      @rules = []
      forget_installed
      forget_requests
    end

    def install(client, company)
      @lock.synchronize { @installed[client] << company }
    end

    def attempt(client, company)
      @lock.synchronize { @attempts[client][company.to_s] += 1 }
    end

    def installed
      @lock.synchronize do
        @installed.transform_values { |ids| ids.to_a.sort }
                  .merge("attempts" => @attempts.transform_values(&:dup))
      end
    end

    def forget_installed
      @lock.synchronize do
        @installed = Hash.new { |hash, client| hash[client] = Set.new }
        @attempts = Hash.new { |hash, client| hash[client] = Hash.new(0) }
      end
    end

    def record(entry)
      @lock.synchronize do
        @seen += 1
        @requests << entry
        @requests.shift if @requests.size > MAX_REQUESTS
      end
    end

    def amend(entry, facts)
      @lock.synchronize { entry.merge!(facts) } if entry
    end

    def requests
      @lock.synchronize do
        { "seen" => @seen, "requests" => @requests.map(&:dup) }
      end
    end

    def forget_requests
      @lock.synchronize do
        @seen = 0
        @requests = []
      end
    end

    def rules=(rules)
      rules.each do |rule|
        rule["skip"] = rule.fetch("skip", 0)
        rule["times"] = rule.fetch("times", Float::INFINITY)
      end
      @lock.synchronize { @rules = rules }
    end

    # The first rule that fits and is not used up.
    def rule_for(method, path)
      @lock.synchronize do
        @rules.find do |rule|
          next unless fits?(rule["match"], method, path)
          next unless rule["times"].positive?

          if rule["skip"].positive?
            rule["skip"] -= 1
            next
          end
          rule["times"] -= 1
          true
        end&.dup
      end
    end

    private

    # "GET /a/b" fits that path, "* /a/*" every method and what begins so.
    def fits?(match, method, path)
      wanted_method, wanted_path = match.to_s.split(" ", 2)
      return false unless ["*", method].include?(wanted_method)

      if wanted_path.end_with?("*")
        path.start_with?(wanted_path.chomp("*"))
      else
        path == wanted_path
      end
    end
  end
end
